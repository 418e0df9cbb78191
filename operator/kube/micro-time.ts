/**
 * The time format of Lease and Event: six digits of fractions of a second, in UTC. The three that Date gives
 * are refused by the API server.
 */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z')
}
