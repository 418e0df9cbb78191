import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeDisk } from '../../agent/lib/disk.ts'
import { SeededRandom } from '../sim/random.ts'
import { InputWriter, idOf, lineOf } from './input.ts'
import { fileKind, killDisk } from './kill-disk.ts'
import { judge, readOutput } from './output.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-oracle-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

const random = new SeededRandom(1)
const lines = (...ids: number[]): string => ids.map((id) => lineOf(id, random)).join('')
const verdictOf = (text: string, written: number): ReturnType<typeof judge> => {
  writeFileSync(join(directory, 'a.log'), text)
  return judge([readOutput(directory, 'text')], written, () => true)
}

describe('the oracle of the crash tests', () => {
  test('finds nothing wrong with each line once, in any order', () => {
    expect(verdictOf(lines(2, 0, 1), 3)).toEqual({
      lost: [],
      repeated: [],
      strangers: [],
      torn: [],
    })
  })

  test('finds a lost line', () => {
    expect(verdictOf(lines(0, 2), 3).lost).toEqual([1])
  })

  test('finds a repeated line', () => {
    expect(verdictOf(lines(0, 1, 0), 2).repeated).toEqual([0])
  })

  test('finds a line that was never written', () => {
    expect(verdictOf(lines(0, 7), 1).strangers).toEqual([7])
  })

  test('finds a line without its end, one cut in the middle and two run into each other', () => {
    expect(verdictOf(lines(0).slice(0, -1), 1).torn).toHaveLength(1)
    expect(verdictOf(`${lines(0).slice(0, 12)}\n`, 1).torn).toHaveLength(1)
    expect(verdictOf(`${lines(0).slice(0, 12)}${lines(1)}`, 2).torn).toHaveLength(1)
  })

  test('reads bodies out of JSON lines', () => {
    const json = JSON.stringify({ body: lines(4).trim() })
    writeFileSync(join(directory, 'a.json'), `${json}\n{"bo`)
    const output = readOutput(directory, 'json')
    expect([...output.counts]).toEqual([[4, 1]])
    expect(output.torn).toEqual(['a.json ends within a line'])
  })
})

describe('the input writer', () => {
  test('writes every id once, whole, over all rotations', () => {
    const writer = new InputWriter(directory, random)
    for (let i = 0; i < 20; i++) {
      writer.writeLines(10)
      if (i % 7 === 6) writer.rotate()
    }
    writer.stop()
    expect(readdirSync(directory).sort()).toEqual(['app.log', 'app.log.1', 'app.log.2'])
    expect(writer.lines).toBe(200)
    const verdict = judge([readOutput(directory, 'text')], writer.lines, () => true)
    expect(verdict).toEqual({ lost: [], repeated: [], strangers: [], torn: [] })
  })

  test('ids are read from whole lines only', () => {
    const line = lineOf(42, random).trim()
    expect(idOf(line)).toBe(42)
    expect(idOf(line.slice(1))).toBeUndefined()
    expect(idOf(line.slice(0, -1))).toBeUndefined()
  })
})

describe('the disk that kills', () => {
  test('knows what a path is to the agent', () => {
    expect(fileKind('/d/0000000000000001.seg', ['/out'])).toBe('segment')
    expect(fileKind('/d/0000000000000002.tmp', ['/out'])).toBe('new segment')
    expect(fileKind('/d/reserve-2', ['/out'])).toBe('reserve')
    expect(fileKind('/out/x.log', ['/out'])).toBe('output')
    expect(fileKind('/d/LOCK', ['/out'])).toBe('other')
  })

  test('is the real disk at every operation before its point', async () => {
    const point = { kind: 'segment', operation: 'write', moment: 'before', nth: 2 } as const
    const disk = killDisk(nodeDisk, point, [])
    const data = join(directory, 'data')
    mkdirSync(data)
    const file = await disk.open(join(data, '1.tmp'), 'create')
    await file.write([Buffer.from('ab'), Buffer.from('c')], 0)
    await file.datasync()
    await file.close()
    await disk.rename(join(data, '1.tmp'), join(data, '1.seg'))
    await disk.syncDirectory(data)
    const segment = await disk.open(join(data, '1.seg'), 'write')
    await segment.write([Buffer.from('d')], 3)
    await segment.close()
    expect(readFileSync(join(data, '1.seg'), 'utf8')).toBe('abcd')
  })
})
