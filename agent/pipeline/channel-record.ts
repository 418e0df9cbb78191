import { join } from 'node:path'
import type { ComponentPlan } from '../core/plan.ts'
import { FlumeError, systemCode } from '../core/errors.ts'
import type { Disk } from '../lib/disk.ts'

/**
 * What a channel's directory was made for, kept in it: so that a channel that the configuration no
 * longer names is opened as what it is, and a directory is never opened as something else.
 */
export const CHANNEL_RECORD = 'channel.json'

/** A record is a type and a few settings. */
const RECORD_BYTES_MAX = 64 * 1024

export interface ChannelRecord {
  readonly type: string
  readonly config: unknown
}

/** The record of a directory; undefined when there is none, so no channel either. */
export async function readChannelRecord(
  disk: Disk,
  directory: string,
): Promise<ChannelRecord | undefined> {
  const path = join(directory, CHANNEL_RECORD)
  const size = await disk.size(path)
  if (size === undefined) return undefined
  const file = await disk.open(path, 'read')
  try {
    const bytes = Buffer.alloc(Math.min(size, RECORD_BYTES_MAX))
    await file.read(bytes, 0)
    return JSON.parse(bytes.toString('utf8')) as ChannelRecord
  } catch (error) {
    throw new FlumeError(
      'FLM2102',
      `${path} cannot be read as the record of a channel; restore it, or move the directory away if its events are not needed`,
      { retryable: true, cause: error, facts: { path, system: systemCode(error) } },
    )
  } finally {
    await file.close()
  }
}

/**
 * Makes the directory's record that of `plan`, durably. Rejects with FLM5203 when the directory
 * belongs to a channel of another type: opening it would forget what is in it.
 */
export async function keepChannelRecord(
  disk: Disk,
  directory: string,
  plan: ComponentPlan,
): Promise<void> {
  const found = await readChannelRecord(disk, directory)
  const wanted: ChannelRecord = { type: plan.type, config: plan.config }
  if (found !== undefined && found.type !== plan.type) throw typeChange(plan, found.type, directory)
  const text = JSON.stringify(wanted)
  if (found !== undefined && JSON.stringify(found) === text) return
  await disk.makeDirectory(directory)
  const temporary = join(directory, `${CHANNEL_RECORD}.new`)
  await disk.remove(temporary)
  const file = await disk.open(temporary, 'create')
  try {
    const bytes = Buffer.from(text)
    const written = await file.write([bytes], 0)
    if (written < bytes.length) throw new Error(`${written} of ${bytes.length} bytes were written`)
    await file.datasync()
  } finally {
    await file.close()
  }
  await disk.rename(temporary, join(directory, CHANNEL_RECORD))
  await disk.syncDirectory(directory)
}

export function typeChange(plan: ComponentPlan, type: string, directory: string): FlumeError {
  return new FlumeError(
    'FLM5203',
    `channel ${plan.name} is of type ${plan.type}, but ${directory} holds one of type ${type}; give the new channel another name, the old one is kept until it is empty`,
    { retryable: true, facts: { channel: plan.name, type: plan.type, found: type, directory } },
  )
}
