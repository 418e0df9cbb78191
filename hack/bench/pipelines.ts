import { join } from 'node:path'
import { check, drain } from './drain.ts'
import type { Drain } from './drain.ts'
import { Flume, MEMORY_CHANNEL, fileChannel, fileRoll, taildir } from './flume.ts'
import type { Lines } from './lines.ts'
import { Ours, channelFolder, fileSink } from './ours.ts'
import type { Running } from './running.ts'
import { readSyncs, straced } from './syncs.ts'
import type { Syncs } from './syncs.ts'
import type { WorkFolder } from './work-folder.ts'

/** File → channel → file, by us and by Flume, on the same pre-written lines. */

export interface Input {
  readonly work: WorkFolder
  /** The only file of its directory. */
  readonly file: string
  readonly directory: string
  readonly lines: Lines
}

export interface OurDrain extends Drain {
  readonly syncs: number
  readonly writtenPerPayload: number
}

interface Run<Result> {
  readonly result: Result
  readonly syncs: Syncs | undefined
}

const RUN = 'run'

export async function drainByUs(input: Input, interceptors: readonly unknown[]): Promise<OurDrain> {
  return (await ourRun(input, interceptors, false)).result
}

/** The same with every sync counted by strace: slower, so its times are not used. */
export async function countOurSyncs(input: Input): Promise<Syncs> {
  return (await ourRun(input, [], true)).syncs!
}

async function ourRun(
  { work, file, lines }: Input,
  interceptors: readonly unknown[],
  count: boolean,
): Promise<Run<OurDrain>> {
  work.settle(RUN)
  const folder = work.fresh(RUN)
  const out = work.fresh(RUN, 'out')
  const trace = join(folder, 'syncs.txt')
  const parts = {
    source: { tail: { files: [file] } },
    interceptors,
    channel: { file: {} },
    sink: fileSink(out),
  }
  const agent = new Ours(parts, { folder, under: count ? straced(trace) : undefined })
  const drained = await drain(agent, out, lines)
  const stats = await agent.channelStats()
  await agent.stop()
  check('flume-operator', out, lines)
  return {
    result: {
      ...drained,
      syncs: stats.syncs,
      writtenPerPayload: stats.writtenBytes / (lines.count * (lines.bytes - 1)),
    },
    syncs: count ? readSyncs(trace, { channel: channelFolder(folder), output: out }) : undefined,
  }
}

export async function drainByFlume(input: Input, channel: 'file' | 'memory'): Promise<Drain> {
  return (await flumeRun(input, channel, false)).result
}

export async function countFlumeSyncs(input: Input): Promise<Syncs> {
  return (await flumeRun(input, 'file', true)).syncs!
}

async function flumeRun(
  { work, directory, lines }: Input,
  channel: 'file' | 'memory',
  count: boolean,
): Promise<Run<Drain>> {
  work.settle(RUN)
  const folder = work.fresh(RUN)
  const out = work.fresh(RUN, 'out')
  const trace = join(folder, 'syncs.txt')
  const capacity = Math.max(1_000_000, lines.count) + 1_000_000
  const parts = {
    source: taildir(folder, directory, '.*'),
    channel: channel === 'file' ? fileChannel(folder, capacity) : MEMORY_CHANNEL,
    sink: fileRoll(out),
  }
  const agent: Running = new Flume(parts, { folder, under: count ? straced(trace) : undefined })
  const result = await drain(agent, out, lines)
  await agent.stop()
  check(`Flume with its ${channel} channel`, out, lines)
  const folders = {
    channel: join(folder, 'channel'),
    checkpoint: join(folder, 'checkpoint'),
    output: out,
  }
  return { result, syncs: count ? readSyncs(trace, folders) : undefined }
}
