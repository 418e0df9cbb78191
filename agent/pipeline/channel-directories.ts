import { basename, dirname, join } from 'node:path'
import { systemCode } from '../core/errors.ts'
import type { Disk } from '../lib/disk.ts'
import type { Random } from '../lib/random.ts'
import { readChannelRecord } from './channel-record.ts'
import type { ChannelRecord } from './channel-record.ts'

/** Directories with this prefix are on their way out: nothing in them counts any more. */
const REMOVED_PREFIX = '.removed-'

/** A channel's directory has files and at most one level of directories below it. */
const REMOVE_DEPTH_MAX = 3

/** Names that a flow or a channel can have. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export interface FoundChannel {
  readonly flow: string
  readonly channel: string
  readonly record: ChannelRecord
}

/**
 * All channels on disk, also those of flows that the configuration does not name. Ends removals that
 * a crash interrupted.
 */
export async function findChannels(disk: Disk, agentDirectory: string): Promise<FoundChannel[]> {
  const found: FoundChannel[] = []
  for (const flow of await namesIn(disk, agentDirectory)) {
    if (!NAME.test(flow)) continue
    const directory = join(agentDirectory, flow)
    for (const channel of await namesIn(disk, directory)) {
      if (channel.startsWith(REMOVED_PREFIX)) await removeTree(disk, join(directory, channel), 0)
      if (!NAME.test(channel)) continue
      const record = await recordOf(disk, join(directory, channel))
      if (record !== undefined) found.push({ flow, channel, record })
    }
  }
  return found
}

/** A record that cannot be read makes a channel that cannot be opened, and says so in /status. */
async function recordOf(disk: Disk, directory: string): Promise<ChannelRecord | undefined> {
  try {
    return await readChannelRecord(disk, directory)
  } catch {
    return { type: 'file', config: {} }
  }
}

/**
 * Removes the directory of a closed channel. The rename comes first and is durable, so that a crash
 * leaves either the channel as it was or nothing that looks like one.
 */
export async function removeChannel(disk: Disk, directory: string, random: Random): Promise<void> {
  const parent = dirname(directory)
  const name = `${REMOVED_PREFIX}${basename(directory)}-${random.bytes(4).toString('hex')}`
  const leaving = join(parent, name)
  await disk.rename(directory, leaving)
  await disk.syncDirectory(parent)
  await removeTree(disk, leaving, 0)
}

async function removeTree(disk: Disk, path: string, depth: number): Promise<void> {
  if (depth < REMOVE_DEPTH_MAX)
    for (const name of await namesIn(disk, path))
      await removeTree(disk, join(path, name), depth + 1)
  await disk.remove(path)
}

/** Empty for what is no directory or not there. */
async function namesIn(disk: Disk, path: string): Promise<readonly string[]> {
  try {
    return await disk.list(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return []
    throw error
  }
}
