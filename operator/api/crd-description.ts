import type { WrittenBounds } from '../../agent/core/schema.ts'

/** Longest sentence. Descriptions are most of a CRD, and a CRD that is too large cannot be applied. */
export const SENTENCE_MAX = 100
/** A shorter part of a sentence says nothing. */
const SENTENCE_MIN = 20

/** What a description in a CRD says beside its sentence: `kubectl explain` shows neither default nor bounds. */
export interface Facts extends WrittenBounds {
  /** `size`, `duration`: for what can be a number or a text, `kubectl explain` shows no type. */
  readonly form?: string
  readonly default?: unknown
}

/** The first sentence of a description, with the default and the bounds: `…. (default 100, 1–10000)` */
export function crdDescription(text: string, facts: Facts): string {
  return [firstSentence(text), factsText(facts)].filter((each) => each !== '').join(' ')
}

/** Cut at a colon or semicolon, else at a comma, where it is too long. */
function firstSentence(text: string): string {
  const sentence = /^.*?[.](?=\s|$)/s.exec(text)?.[0] ?? text
  if (sentence.length <= SENTENCE_MAX) return sentence
  for (const marks of [/[:;] /g, /, /g]) {
    const ends = [...sentence.matchAll(marks)]
      .map((match) => match.index)
      .filter((end) => end >= SENTENCE_MIN && end < SENTENCE_MAX)
    if (ends.length > 0) return `${sentence.slice(0, ends.at(-1))}.`
  }
  throw new TypeError(
    `the first sentence is longer than ${SENTENCE_MAX} characters and has no part to stand for it: ${sentence}`,
  )
}

function factsText({ form = '', default: initial, min, max }: Facts): string {
  const range =
    min !== undefined && max !== undefined
      ? `${min}–${max}`
      : min !== undefined
        ? `at least ${min}`
        : max !== undefined
          ? `at most ${max}`
          : ''
  const parts = [form, defaultText(initial), range].filter((each) => each !== '')
  return parts.length === 0 ? '' : `(${parts.join(', ')})`
}

/** Nothing for an empty list, map or text: that is what anybody expects. */
function defaultText(initial: unknown): string {
  if (initial === undefined || initial === '') return ''
  if (Array.isArray(initial)) return initial.length === 0 ? '' : `default ${initial.join(' ')}`
  const text = typeof initial === 'string' ? initial : JSON.stringify(initial)
  return text === '{}' ? '' : `default ${text}`
}
