import type { Position } from '../core/batch.ts'

/**
 * Where a replayable source goes on, and what must be committed before it may.
 *
 * Each start of a source goes through a **routing**: what its interceptors and its selector make of
 * an event, and which channels it feeds. As long as that is the same and deterministic, a channel
 * that has taken a stream up to an offset has everything below it that belongs to it, and re-reading
 * from the lowest position loses nothing. When the routing changes this no longer holds:
 *
 *     routing R1: event e (offset 5) goes to A. C took the position 5, A did not get e. Crash.
 *     routing R2: e goes to C. Both required channels know the stream; resume at the lowest, 0.
 *                 A takes the position 5, C does not get e. Crash again.
 *     now A says 5 (R2) and C says 5 (R1). The lowest is 5, and e is in no channel.
 *
 * So a routing has a **generation**, which goes up by one with each change, and before the first
 * event goes through a new generation, every required channel durably has the point where the
 * generation begins. From this follow the two rules below.
 *
 * - The resume point of a stream is the lowest offset among the positions of its newest generation,
 *   in all channels of the flow, also those that left. If a channel has a position of generation g
 *   that is past the point where g begins, then all channels of g had that point before, so none is
 *   missing; and where the crash came while the point was being committed, each that has it says
 *   the same offset. Positions of older generations say nothing any more: what lies between them and
 *   the beginning of g went through older routings completely, else g would begin there.
 * - Every required channel without a position of the current generation gets the resume point with
 *   that generation. This is also what a channel needs that joins the source.
 *
 * A stream that no channel knows yet has the same hazard between its first two commits; `Intake`
 * therefore commits the beginning of a new stream to all required channels before its first event
 * where there are several.
 *
 * Senders' streams have none of this: nothing is resumed from them, each channel says by itself which
 * ranges it has. "All events of these ranges that the routing R sends here are here" stays true for
 * ever, so the hash of R is enough, and a channel that gets no event of a batch need not know of it.
 */
export interface ChannelPositions {
  readonly channel: string
  /** The source feeds it and waits for it. */
  readonly required: boolean
  readonly positions: ReadonlyMap<string, Position>
}

export interface ResumePoints {
  /** What the origins of this run carry as routing. */
  readonly routing: string
  /** By the source's own names of its streams. */
  readonly streams: ReadonlyMap<string, Position>
  /** To be durable before the source starts. */
  readonly commits: readonly PositionCommit[]
}

export interface PositionCommit {
  readonly channel: string
  /** As channels know it. */
  readonly stream: string
  readonly position: Position
}

/** The name under which channels know a stream: no two sources of a flow share a position. */
export function streamInChannel(source: string, stream: string): string {
  return `${source}/${stream}`
}

/** `routingHash` '' means that the routing is not deterministic: each run is a generation. */
export function resumePoints(
  source: string,
  routingHash: string,
  channels: readonly ChannelPositions[],
): ResumePoints {
  const prefix = streamInChannel(source, '')
  const lowest = new Map<string, { generation: number; position: Position }>()
  let newest: Position | undefined
  let newestGeneration = 0
  for (const { positions } of channels) {
    for (const [stream, position] of positions) {
      if (!stream.startsWith(prefix)) continue
      const generation = generationOf(position.routing)
      if (newest === undefined || generation > newestGeneration) {
        newest = position
        newestGeneration = generation
      }
      const known = lowest.get(stream)
      if (known === undefined || isLower(generation, position, known))
        lowest.set(stream, { generation, position })
    }
  }
  const routing = continues(newest, routingHash)
    ? newest!.routing
    : `${newestGeneration + 1}.${routingHash}`
  const commits: PositionCommit[] = []
  const streams = new Map<string, Position>()
  for (const [stream, { position }] of lowest) {
    const from = { ...position, routing }
    streams.set(stream.slice(prefix.length), from)
    for (const { channel, required, positions } of channels) {
      if (!required || positions.get(stream)?.routing === routing) continue
      commits.push({ channel, stream, position: from })
    }
  }
  return { routing, streams, commits }
}

function isLower(
  generation: number,
  position: Position,
  known: { readonly generation: number; readonly position: Position },
): boolean {
  if (generation !== known.generation) return generation > known.generation
  return position.offset < known.position.offset
}

function continues(newest: Position | undefined, routingHash: string): boolean {
  if (newest === undefined || routingHash === '') return false
  return newest.routing === `${generationOf(newest.routing)}.${routingHash}`
}

/** 0 for what no pipeline of ours wrote. */
function generationOf(routing: string): number {
  const generation = Number.parseInt(routing, 10)
  return Number.isSafeInteger(generation) && generation > 0 ? generation : 0
}
