import { CHDB_MISSING, startTestOlapd } from "../adapters/analytics/chdb/test-olapd.ts";
import { describeAnalytics } from "./analytics.ts";

describeAnalytics("embedded engine (olapd)", CHDB_MISSING, startTestOlapd);
