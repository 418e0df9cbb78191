import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FILE_BYTES_MAX, STDIN_NAME, readTexts } from './read.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-config-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (name: string, text: string | Uint8Array): string => {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const messageOf = async (path: string): Promise<string> => {
  const { problems, texts } = await readTexts([path])
  expect(texts).toEqual([])
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatchObject({ code: 'FLM1101', file: path })
  return problems[0]!.message
}

describe('readTexts', () => {
  it('reads files in the order given and those of a directory by name', async () => {
    const z = write('z.yaml', 'z')
    mkdirSync(join(directory, 'd'))
    write('d/b.yaml', 'b')
    write('d/a.yml', 'a')
    write('d/notes.txt', 'no')
    write('d/.hidden.yaml', 'no')
    const { texts, files, problems } = await readTexts([z, join(directory, 'd'), z])
    expect(texts.map((each) => each.text)).toEqual(['z', 'a', 'b'])
    expect(files).toEqual([z, join(directory, 'd/a.yml'), join(directory, 'd/b.yaml')])
    expect(problems).toEqual([])
  })

  it('reads a mounted ConfigMap: links to a hidden directory', async () => {
    mkdirSync(join(directory, '..2026'))
    write('..2026/flow.yaml', 'text')
    symlinkSync('..2026', join(directory, '..data'))
    symlinkSync('..data/flow.yaml', join(directory, 'flow.yaml'))
    const { texts } = await readTexts([directory])
    expect(texts).toEqual([{ name: join(directory, 'flow.yaml'), text: 'text' }])
  })

  it('reads the standard input', async () => {
    async function* stdin() {
      yield Buffer.from('a: "\u00e9'.slice(0, 4))
      yield Buffer.from('x"')
    }
    const { texts, files } = await readTexts(['-'], stdin())
    expect(texts).toEqual([{ name: STDIN_NAME, text: 'a: "x"' }])
    expect(files).toEqual([])
  })

  it('reports what is not there, has no manifest, is too large or is not UTF-8', async () => {
    expect(await messageOf(join(directory, 'none.yaml'))).toContain('there is no such file')
    expect(await messageOf(directory)).toContain('the directory has no .yaml or .yml file')
    const large = write('large.yaml', Buffer.alloc(FILE_BYTES_MAX + 1, '#'))
    expect(await messageOf(large)).toContain('more than')
    const latin = write('latin.yaml', Buffer.from('a: 1\nb: \u00e9\n', 'latin1'))
    expect(await messageOf(latin)).toContain('not UTF-8')
    expect((await readTexts([latin])).problems[0]!.line).toBe(2)
  })

  it('still reads the other files', async () => {
    const path = write('a.yaml', 'a')
    const { texts, problems } = await readTexts([join(directory, 'none.yaml'), path])
    expect(texts).toHaveLength(1)
    expect(problems).toHaveLength(1)
  })
})
