/*
 * Masks payment card numbers in JSON events: {"card":"4111 1111 1111 1111"} becomes
 * {"card":"**** **** **** 1111"}. An event that is no JSON object throws, and so becomes a dead letter with the
 * reason in a header.
 */

/** The same event always gives the same result: nothing here asks a clock, a file or the network. */
export const deterministic = true

/** A Standard Schema, written out; one made with zod or the like works as well. */
export const schema = {
  '~standard': {
    version: 1,
    vendor: 'mask-cards',
    validate(config) {
      const { field = 'card', keep = 4, ...unknown } = config
      const issues = []
      if (typeof field !== 'string') issues.push({ path: ['field'], message: 'expected a text' })
      if (!Number.isInteger(keep) || keep < 0 || keep > 6)
        issues.push({ path: ['keep'], message: 'expected a whole number from 0 to 6' })
      for (const key of Object.keys(unknown)) issues.push({ path: [key], message: 'unknown key' })
      return issues.length > 0 ? { issues } : { value: { field, keep } }
    },
  },
}

/** Called once for each source that names this module, and each time its configuration is checked. */
export function create({ field, keep }, { log }) {
  log.debug({ field, keep }, 'masking cards')
  return (event) => {
    const fields = JSON.parse(event.body.toString())
    const card = fields?.[field]
    if (card === undefined) return event
    const digits = String(card).replaceAll(/\D/g, '').length
    let seen = 0
    const masked = String(card).replaceAll(/\d/g, (digit) => (++seen > digits - keep ? digit : '*'))
    return {
      headers: { ...event.headers, masked: 'yes' },
      body: Buffer.from(JSON.stringify({ ...fields, [field]: masked })),
    }
  }
}
