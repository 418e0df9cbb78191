/** A mistake that the oracles must find. */
export interface Mutant {
  /** What the mistake is, as a sentence without its verb: "the sync skipped". */
  readonly name: string
  readonly file: string
  /** Stands in the file exactly once, else the mutant is out of date. */
  readonly find: string
  readonly replace: string
  /** Which oracle must fail. */
  readonly oracle: Oracle
  /** What the mistake leads to, and how the oracle sees it. */
  readonly expectation: string
}

/**
 * 'channel': random faults against the model of the channel; 'delivery': the same for the file channel
 * with sinks and dead letters behind it; 'hop': senders and receivers, a network between them, and both their channels.
 */
export type Oracle = 'channel' | 'delivery' | 'hop'

const CHANNEL = 'agent/channels/file'
const SINK = 'agent/sinks/file'
const SENDERS = 'agent/core/sender-ranges.ts'
const AVRO_SOURCE = 'agent/sources/avro'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledgement before the sync',
    file: `${CHANNEL}/segment.ts`,
    find: '      await this.#file.datasync()\n',
    replace: '      this.#file.datasync().catch(() => {})\n',
    oracle: 'channel',
    expectation: 'a power loss takes events whose receipt had resolved',
  },
  {
    name: 'sync skipped',
    file: `${CHANNEL}/segment.ts`,
    find: '      await this.#file.datasync()\n',
    replace: '',
    oracle: 'channel',
    expectation: 'a power loss takes events whose receipt had resolved',
  },
  {
    name: 'position without events',
    file: `${CHANNEL}/group.ts`,
    find: 'if (!fits(this.#bytes + bytes)) return false',
    replace: `if (!fits(this.#bytes + bytes)) {
      if (position !== undefined) this.#bare.set(position.stream, position)
      return false
    }`,
    oracle: 'channel',
    expectation: 'the position is ahead of the events, and the source skips them after a crash',
  },
  {
    name: 'CRC unchecked',
    file: `${CHANNEL}/segment-scanner.ts`,
    find: 'crc32(body, this.#salt) !== header.bodyCrc',
    replace: 'false',
    oracle: 'channel',
    expectation: 'flipped bits and torn records reach the sinks',
  },
  {
    name: 'acknowledged range off by one',
    file: `${CHANNEL}/state.ts`,
    find: 'this.acknowledge(range.from, range.to)',
    replace: 'this.acknowledge(range.from, range.to + 1)',
    oracle: 'channel',
    expectation: 'one event more than was delivered is gone after a restart',
  },
  {
    name: 'a high-water mark instead of ranges',
    file: `${CHANNEL}/state.ts`,
    find: 'this.acknowledged.add(Math.max(from, this.floor), to)',
    replace: 'this.acknowledged.add(this.floor, to)',
    oracle: 'channel',
    expectation: 'events below the highest acknowledged one are gone after a restart',
  },
  {
    name: 'directory sync left out',
    file: `${CHANNEL}/log.ts`,
    find: '      await this.#context.disk.syncDirectory(this.#context.directory)\n',
    replace: '',
    oracle: 'channel',
    expectation: 'a power loss takes a segment with everything in it',
  },
  {
    name: 'short write taken for a whole one',
    file: `${CHANNEL}/segment.ts`,
    find: '      if (written < bytes) throw shortWrite(written, bytes)\n',
    replace: '',
    oracle: 'channel',
    expectation: 'the end of a group is missing although its receipts resolved',
  },
  {
    name: 'appends fail before the seal is durable',
    file: `${CHANNEL}/writer.ts`,
    find: '    await log.seal(error)\n',
    replace: `    await log.seal(error)
    for (const append of [...taken, ...this.#appends.splice(0)]) append.reject(writeFailed(error))
    taken = []
`,
    oracle: 'channel',
    expectation: 'a failed append comes back after a crash',
  },
  {
    name: 'what a failed sync left in the page cache is not written again',
    file: `${CHANNEL}/recovery.ts`,
    find: 'for (let at = from; at < to; at += REWRITE_BYTES)',
    replace: 'for (let at = to; at < to; at += REWRITE_BYTES)',
    oracle: 'channel',
    expectation: 'after SIGKILL events are served that a later power loss takes',
  },
  {
    name: 'a changed routing ignored',
    file: `${CHANNEL}/pending.ts`,
    find: "origin.routing === '' || origin.routing !== known.routing",
    replace: "origin.routing === ''",
    oracle: 'channel',
    expectation: 'events that the changed routing sends here are trimmed',
  },
  {
    name: 'a segment deleted with an event left in it',
    file: `${CHANNEL}/log.ts`,
    find: 'segment.firstSequence && segment.endSequence > state.floor',
    replace: 'segment.firstSequence && segment.endSequence > state.floor + 1',
    oracle: 'channel',
    expectation: 'an event that was not delivered is gone',
  },
  {
    name: 'the reserve not used',
    file: `${CHANNEL}/log.ts`,
    find: 'const reserved = this.#reserve.take()',
    replace: 'const reserved = undefined as string | undefined',
    oracle: 'channel',
    expectation: 'a channel on a full disk does not open, though it has its reserve',
  },
  {
    name: 'file sink: sync before the acknowledgement left out',
    file: `${SINK}/output-file.ts`,
    find: '    await this.#file.datasync()\n',
    replace: '',
    oracle: 'delivery',
    expectation: 'a power loss takes events from the files that have left the channel',
  },
  {
    name: 'file sink: files not cut back to their state at start',
    file: `${SINK}/sink.ts`,
    find: '      if (previous) this.#sealedAtStart = await repair(context, previous)\n',
    replace: '',
    oracle: 'delivery',
    expectation: 'events that are delivered again are in the files twice',
  },
  {
    name: 'a lease freed before its write has settled',
    file: 'agent/pipeline/sink-runner.ts',
    find: '    return callWrite(sink, lease.batches, this.#aborting.signal).then(\n',
    replace: `    const late = new Promise((_, reject) => {
      this.#options.context.clock.schedule(() => reject(new Error('late')), 10_000)
    })
    const written = callWrite(sink, lease.batches, this.#aborting.signal)
    return Promise.race([written, late]).then(
`,
    oracle: 'delivery',
    expectation: 'the write takes place after its events went elsewhere',
  },
  {
    name: 'a lease acknowledged before its dead letters are safe',
    file: 'agent/pipeline/triage.ts',
    find: 'await this.#deadLetters.add(',
    replace: 'void this.#deadLetters.add(',
    oracle: 'delivery',
    expectation: 'a crash takes dead letters that were acknowledged',
  },
  {
    name: 'dead letters without their origin',
    file: 'agent/pipeline/dead-letters.ts',
    find: 'return { ...batch, origin }',
    replace: 'return { ...batch, origin: undefined }',
    oracle: 'delivery',
    expectation: 'dead letters that are handed over again after a crash are there twice',
  },
  {
    name: 'hop: a high-water mark of a sender instead of ranges',
    file: SENDERS,
    find: "if (routing !== '') this.#taken.add(from, to)",
    replace: "if (routing !== '') this.#taken.add(0, to)",
    oracle: 'hop',
    expectation: 'a batch that was overtaken on another connection is answered and not stored',
  },
  {
    name: 'hop: answered before it is safe',
    file: `${AVRO_SOURCE}/delivery.ts`,
    find: "await (config.acknowledge === 'OnSafe' ? safe : accepted)",
    replace: "void (config.acknowledge === 'OnSafe' ? safe : accepted)",
    oracle: 'hop',
    expectation: 'a crash takes events for which the receiver answered OK',
  },
  {
    name: 'hop: a repeat of what is in flight answered at once',
    file: `${AVRO_SOURCE}/sender-ranges.ts`,
    find: 'return each.receipt\n',
    replace: 'return { accepted: Promise.resolve(), safe: Promise.resolve() }\n',
    oracle: 'hop',
    expectation: 'a crash takes events for which OK was answered before the first was safe',
  },
  {
    name: 'hop: what lies below the floor is stored',
    file: SENDERS,
    find: 'sequence >= this.#floor && !(isTrimmed',
    replace: '!(isTrimmed',
    oracle: 'hop',
    expectation:
      'a request that arrives long after its sender gave up is stored, here or elsewhere for the second time',
  },
  {
    name: 'hop: the floor is the next event, not the lowest unacknowledged one',
    file: `${CHANNEL}/delivery.ts`,
    find: 'const floor = this.#context.floor()',
    replace: 'const floor = this.#handedOutEnd',
    oracle: 'hop',
    expectation: 'a batch that is sent again is answered as one that others took',
  },
  {
    name: 'hop: a floor that is not durable',
    file: `${CHANNEL}/delivery.ts`,
    find: 'const floor = this.#context.floor()',
    replace: 'const floor = this.#backlog.first!.from',
    oracle: 'hop',
    expectation:
      'what a crash brings back to the sender, and its own file sink cuts off, is below the floor',
  },
  {
    name: 'hop: ranges of another routing are trimmed',
    file: SENDERS,
    find: "routing !== '' && routing === this.#routing",
    replace: 'true',
    oracle: 'hop',
    expectation:
      'events that the changed routing sends to this channel are answered and not stored',
  },
  {
    name: 'hop: the checkpoint without the senders',
    file: `${CHANNEL}/state-codec.ts`,
    find: '  readSenders(reader, state)\n',
    replace: '',
    oracle: 'hop',
    expectation: 'after a restart the receiver takes again what it has',
  },
  {
    name: 'hop: the same epoch after a restart',
    file: `${CHANNEL}/log.ts`,
    find: 'context.random.bytes(8)',
    replace: 'Buffer.alloc(8)',
    oracle: 'hop',
    expectation: 'sequences that a crash took are given to other events, which receivers drop',
  },
]
