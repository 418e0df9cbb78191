import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bytesIn } from '../../hack/bench/drain.ts'
import { Flume, fileChannel, fileRoll, taildir } from '../../hack/bench/flume.ts'
import { Ours, fileSink } from '../../hack/bench/ours.ts'
import { endAll } from '../../hack/bench/running.ts'
import type { Running } from '../../hack/bench/running.ts'
import { needsFlume } from './peers.ts'

/** The same files through the real Flume and through us: the same lines have to come out. */

const SECONDS_MAX = 60

let folder: string
let input: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-interop-'))
  input = join(folder, 'in')
  for (const name of ['in', 'ours', 'ours/out', 'flume', 'flume/out']) mkdirSync(join(folder, name))
})
afterEach(async () => {
  await endAll()
  rmSync(folder, { recursive: true })
})

interface Filter {
  readonly regex: string
  readonly exclude: boolean
}

/** The lines that come out of either, sorted, once both have delivered `bytes`. */
async function throughBoth(bytes: number, filter?: Filter) {
  const [oursOut, flumeOut] = [join(folder, 'ours/out'), join(folder, 'flume/out')]
  const ours = new Ours(
    {
      source: { tail: { files: [join(input, '*.log')] } },
      interceptors: filter === undefined ? [] : [{ regexFilter: filter }],
      channel: { file: {} },
      sink: fileSink(oursOut),
    },
    { folder: join(folder, 'ours') },
  )
  const flume = new Flume(
    {
      source: {
        ...taildir(join(folder, 'flume'), input, '.*\\.log'),
        ...(filter === undefined ? {} : flumeFilter(filter)),
      },
      channel: fileChannel(join(folder, 'flume'), 100_000),
      sink: fileRoll(flumeOut),
    },
    { folder: join(folder, 'flume') },
  )
  await delivered(ours, oursOut, bytes)
  await delivered(flume, flumeOut, bytes)
  await ours.stop()
  await flume.stop()
  return { ours: sortedLines(oursOut), flume: sortedLines(flumeOut) }
}

function flumeFilter({ regex, exclude }: Filter) {
  return {
    interceptors: 'f',
    'interceptors.f.type': 'regex_filter',
    'interceptors.f.regex': regex,
    'interceptors.f.excludeEvents': String(exclude),
  }
}

async function delivered(agent: Running, out: string, bytes: number): Promise<void> {
  await agent.until(`${bytes} bytes of output`, () => bytesIn(out) >= bytes || undefined, {
    secondsMax: SECONDS_MAX,
  })
}

/** As Latin-1, so that each byte counts. */
function sortedLines(directory: string): string[] {
  const texts = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'latin1'))
  return texts.join('').split('\n').slice(0, -1).sort()
}

test('lines of every kind come out of both with the same bytes', async (context) => {
  needsFlume(context)
  const lines = [
    Buffer.from('plain'),
    Buffer.from('  blanks around  '),
    Buffer.from('ünïcödé 漢字 🙂'),
    Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x41]),
    Buffer.from('tab\tand quote " and backslash \\'),
    Buffer.alloc(100_000, 'x'),
  ]
  const text = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))
  writeFileSync(join(input, 'a.log'), text)
  writeFileSync(join(input, 'b.log'), 'of another file\r\n')
  const { ours, flume } = await throughBoth(text.length + 'of another file\n'.length)
  expect(ours).toEqual(flume)
  expect(ours).toEqual([...lines.map((line) => line.toString('latin1')), 'of another file'].sort())
})

test.for([
  { regex: 'DEBUG', exclude: true, kept: ['1 INFO a', '3 debug c'] },
  { regex: '^[0-9]+ (INFO|DEBUG)\\b', exclude: false, kept: ['1 INFO a', '2 DEBUG b'] },
])('the filter $regex keeps the same lines in both', async ({ kept, ...filter }, context) => {
  needsFlume(context)
  writeFileSync(join(input, 'a.log'), '1 INFO a\n2 DEBUG b\n3 debug c\n')
  const { ours, flume } = await throughBoth(kept.join('\n').length + 1, filter)
  expect(ours).toEqual(kept)
  expect(flume).toEqual(kept)
})
