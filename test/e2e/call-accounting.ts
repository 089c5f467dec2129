type Rows = readonly Readonly<Record<string, unknown>>[];

/** The rows of the report at "host:port", once it has so many attempts. */
export async function accountOf(reports: string, attempts: number): Promise<Rows> {
  for (;;) {
    const response = await fetch(`http://${reports}/reports/call-accounting?format=json`);
    const { rows } = (await response.json()) as { rows: Rows };
    if (attemptsIn(rows) >= attempts) return rows;
  }
}

export function attemptsIn(rows: Rows): number {
  return rows.reduce((sum, row) => sum + Number(row["attempts"]), 0);
}
