/** Steps through JSON, one token at a time where it matters. On text that is none they end as well. */

const BACKSLASH = 0x5c
const SPACE = 0x20
const MINUS = 0x2d

/** Index of the quote that ends the string beginning at `start`; the length when none does. */
export function endOfString(text: string, start: number): number {
  let quote = start
  do {
    quote = text.indexOf('"', quote + 1)
    if (quote === -1) return text.length
  } while (isEscaped(text, quote))
  return quote
}

/** Index after white space. */
export function afterSpace(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= SPACE) at++
  return at
}

/** Index after the number that begins at `start`; `start` itself when none does. */
export function endOfNumber(text: string, start: number): number {
  if (!isNumberAt(text, start)) return start
  let at = start + 1
  while (isOfNumber(text.charCodeAt(at))) at++
  return at
}

export function isNumberAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === MINUS || isDigit(code)
}

/** Digits, -, +, ., E and e: in JSON nothing but the rest of a number has them behind its beginning. */
function isOfNumber(code: number): boolean {
  return (
    isDigit(code) ||
    code === MINUS ||
    code === 0x2b ||
    code === 0x2e ||
    code === 0x45 ||
    code === 0x65
  )
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}
