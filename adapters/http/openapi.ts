import openapi from "../../schemas/openapi.json" with { type: "json" };
import requestSchema from "../../schemas/request.schema.json" with { type: "json" };
import { problemCodes } from "./problem.ts";

/** The OpenAPI 3.1 document, with the one schema of a Request and the problem codes put in. */
export function openapiDocument(): object {
  const { $id: _id, $schema: _dialect, ...request } = requestSchema;
  const problemSchema = openapi.components.schemas.Problem;
  const type = { ...problemSchema.properties.type, enum: problemCodes().map((code) => `/problems/${code}`) };
  return {
    ...openapi,
    components: {
      ...openapi.components,
      schemas: {
        ...openapi.components.schemas,
        Request: request,
        Problem: { ...problemSchema, properties: { ...problemSchema.properties, type } },
      },
    },
  };
}
