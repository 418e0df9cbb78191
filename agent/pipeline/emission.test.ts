import { describe, expect, test } from 'vitest'
import { turns } from '../../test/sim/clock.ts'
import { Emission, refused, stoppingError } from './emission.ts'

function watched(parts: number, positions: number) {
  const seen: string[] = []
  const emission = new Emission({
    parts,
    positions,
    onSettled: (accepted) => seen.push(`settled ${accepted}`),
  })
  const { accepted, safe } = emission.receipt
  accepted.then(
    () => seen.push('accepted'),
    () => seen.push('not accepted'),
  )
  safe.then(
    () => seen.push('safe'),
    () => seen.push('not safe'),
  )
  return { emission, seen }
}

describe('an emission', () => {
  test('is accepted when all appends are, and safe when all with events are', async () => {
    const { emission, seen } = watched(2, 1)
    emission.accepted()
    emission.safe()
    emission.accepted()
    await turns()
    expect(seen).toEqual([])
    emission.accepted()
    await turns()
    expect(seen).toEqual(['settled true', 'accepted'])
    emission.safe()
    await turns()
    expect(seen).toEqual(['settled true', 'accepted', 'safe'])
  })

  test('without appends is both at once, with positions alone when they are in', async () => {
    const none = watched(0, 0)
    const positions = watched(0, 1)
    await turns()
    expect(none.seen).toEqual(['accepted', 'safe'])
    positions.emission.accepted()
    await turns()
    expect(positions.seen).toEqual(['settled true', 'accepted', 'safe'])
  })

  test('is rejected by one append, and settles with the last', async () => {
    const { emission, seen } = watched(2, 0)
    emission.rejected(stoppingError('f', 'in'))
    await turns()
    expect(seen).toEqual(['not accepted', 'not safe'])
    emission.accepted()
    emission.safe()
    await turns()
    expect(seen.at(-1)).toBe('settled false')
  })

  test('is not safe when a channel lost it after it was accepted', async () => {
    const { emission, seen } = watched(1, 0)
    emission.accepted()
    emission.unsafe(stoppingError('f', 'in'))
    await turns()
    expect(seen).toEqual(['settled true', 'accepted', 'not safe'])
  })
})

test('a refused batch has a receipt that rejects', async () => {
  await expect(refused(stoppingError('f', 'in')).safe).rejects.toMatchObject({ code: 'FLM5101' })
})
