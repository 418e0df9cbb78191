/**
 * What `emit` and `append` give back.
 *
 * Both promises reject with a FlumeError when the batch did not get in; a rejection nobody waits for
 * is not an unhandled one.
 */
export interface Receipt {
  /** The batch is in every required channel. */
  readonly accepted: Promise<void>
  /**
   * The batch cannot be lost any more: durable in a file channel, delivered by the sinks for a memory
   * channel. Durable acknowledgements to senders are given on this one.
   */
  readonly safe: Promise<void>
}

export function receipt(accepted: Promise<void>, safe: Promise<void>): Receipt {
  accepted.catch(() => {})
  safe.catch(() => {})
  return { accepted, safe }
}

/** The receipt of several: each stage holds when it holds for all. */
export function allReceipts(receipts: readonly Receipt[]): Receipt {
  if (receipts.length === 1) return receipts[0]!
  return receipt(
    allDone(receipts.map((each) => each.accepted)),
    allDone(receipts.map((each) => each.safe)),
  )
}

async function allDone(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises)
}
