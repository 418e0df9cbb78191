import { describe, expect, it } from 'vitest'
import { decodeChanges, encodeChange, FILE_HEADER } from './positions-format.ts'
import type { PositionsChange } from './positions-format.ts'

const change = (offset: number): PositionsChange => ({
  positions: new Map([['tail:/é "log"', { offset, routing: 'g1', memo: '{"inode":7}' }]]),
  sinkStates: new Map([['out', Buffer.from([0, 255, offset])]]),
})

const records = [1, 2, 3].map((offset) => encodeChange(change(offset)))
const file = Buffer.concat([FILE_HEADER, ...records])

describe('positions.log', () => {
  it('gives back what was written', () => {
    expect(decodeChanges(file, 'p')).toEqual({
      changes: [change(1), change(2), change(3)],
      end: file.length,
      quarantined: 0,
    })
  })

  it('ends before a torn record, wherever it is torn', () => {
    const start = file.length - records[2]!.length
    for (let length = start; length < file.length; length++) {
      const read = decodeChanges(file.subarray(0, length), 'p')
      expect([read.changes.length, read.end, read.quarantined]).toEqual([2, start, 0])
    }
  })

  it('leaves out a record with any byte flipped and goes on with the next', () => {
    const start = FILE_HEADER.length + records[0]!.length
    for (let at = start; at < start + records[1]!.length; at++) {
      const damaged = Buffer.from(file)
      damaged[at]! ^= 0x10
      const read = decodeChanges(damaged, 'p')
      expect(read.changes).toEqual([change(1), change(3)])
      expect([read.end, read.quarantined]).toEqual([file.length, 1])
    }
  })

  it('has nothing in a file whose header was not written whole', () => {
    const read = decodeChanges(file.subarray(0, 5), 'p')
    expect(read).toEqual({ changes: [], end: 0, quarantined: 0 })
  })

  it('is not read when a newer program wrote it', () => {
    const newer = Buffer.from(file)
    newer[7] = 2
    expect(() => decodeChanges(newer, '/d/positions.log')).toThrow(
      '/d/positions.log has format version 2',
    )
  })
})
