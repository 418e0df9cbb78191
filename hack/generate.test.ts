import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES } from '../agent/core/errors.ts'
import { differences } from './generate.ts'

const ROOT = join(import.meta.dirname, '..')
const CODES = Object.keys(ERROR_CODES)

it('the generated files are those of the schemas; else run: node hack/generate.ts', async () => {
  expect(await differences()).toEqual([])
})

describe('the error codes', () => {
  const pages = readdirSync(join(ROOT, 'docs', 'errors'))

  it('have a page each, and no page is without its code', () => {
    const expected = ['README.md', ...CODES.map((code) => `${code}.md`)]
    expect(pages.sort()).toEqual(expected.sort())
  })

  it.each(Object.entries(ERROR_CODES))(
    '%s: its page has its title, a message and a cure',
    (code, title) => {
      const page = readFileSync(join(ROOT, 'docs', 'errors', `${code}.md`), 'utf8')
      expect(page.startsWith(`# ${code}: ${title}\n`)).toBe(true)
      expect(page).toMatch(new RegExp(`\`\`\`text\n.*${code}`))
      expect(page).toContain('\n## What to do\n')
    },
  )

  it('are all used by the agent or the operator, and they use no other', () => {
    const programs = ['agent', 'operator'].flatMap((program) =>
      readdirSync(join(ROOT, program), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(program, name),
      ),
    )
    const used = new Set<string>()
    for (const name of programs) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name === 'agent/core/errors.ts')
        continue
      const code = readFileSync(join(ROOT, name), 'utf8').matchAll(/['`](FLM\d{4})\b/g)
      for (const match of code) used.add(match[1]!)
    }
    expect([...used].sort()).toEqual([...CODES].sort())
  })
})
