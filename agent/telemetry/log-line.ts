/** A log record as one line for people: time, level, message, then the fields as name=value. */
export function formatLogLine(record: Readonly<Record<string, unknown>>, colour: boolean): string {
  const { time, level, msg, error, ...fields } = record
  const label = String(level)
  const parts = [
    String(time).slice(11, 23),
    paint(label.toUpperCase().padEnd(5), LEVEL_COLOURS[label], colour),
    printable(String(msg)),
  ]
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) parts.push(`${paint(`${name}=`, DIM, colour)}${formatValue(value)}`)
  }
  if (error !== undefined) parts.push(formatError(error))
  return `${parts.join(' ')}\n${stackOf(error)}`
}

const DIM = 2
const LEVEL_COLOURS: Readonly<Record<string, number>> = { debug: 2, info: 32, warn: 33, error: 31 }

function paint(text: string, colourCode: number | undefined, colour: boolean): string {
  return colour && colourCode !== undefined ? `\u001B[${colourCode}m${text}\u001B[0m` : text
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : quoted(value)
  return quoted(value)
}

/** `FLM4201: message (cause)`, causes from the outside in. */
function formatError(error: unknown): string {
  const messages: string[] = []
  let current = error
  while (isRecord(current)) {
    const { code, message } = current
    const text = printable(String(message))
    messages.push(typeof code === 'string' ? `${printable(code)}: ${text}` : text)
    current = current['cause']
  }
  if (messages.length === 0) return formatValue(error)
  const [first, ...causes] = messages
  return causes.length === 0 ? `${first}` : `${first} (${causes.join('; ')})`
}

function stackOf(error: unknown): string {
  if (!isRecord(error)) return ''
  const { stack, cause } = error
  if (typeof stack !== 'string') return stackOf(cause)
  // The first line repeats the message.
  return stack
    .split('\n')
    .slice(1)
    .map((line) => `${printable(line)}\n`)
    .join('')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What comes from outside must not move the cursor or start a line of its own. */
function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => ESCAPES[character] ?? `\\u${hex4(character.charCodeAt(0))}`,
  )
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function hex4(codeUnit: number): string {
  return codeUnit.toString(16).padStart(4, '0')
}

function quoted(value: unknown): string {
  return printable(JSON.stringify(value))
}
