import { afterSpace, endOfNumber, endOfString } from './json-scan.ts'

const QUOTE = 0x22
const COLON = 0x3a

/**
 * JSON with every number that is a member of an object in quotes, so that JSON.parse keeps it as it is
 * written: 1.0, 1e400, 12345678901234567890. The text has to be JSON. Elements of arrays stay, since no
 * header and no body is one.
 */
export function quoteNumbers(text: string): string {
  const pieces: string[] = []
  let copied = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) i = endOfString(text, i)
    if (code !== COLON) continue
    const start = afterSpace(text, i + 1)
    const end = endOfNumber(text, start)
    if (end === start) continue
    pieces.push(text.slice(copied, start), '"', text.slice(start, end), '"')
    copied = end
    i = end - 1
  }
  pieces.push(text.slice(copied))
  return pieces.join('')
}
