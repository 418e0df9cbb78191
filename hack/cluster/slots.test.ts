import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { slotsFor } from './layout.ts'
import { claim, freeSlot, ownSlots, takeSlot } from './slots.ts'

let parent: string
let folder: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'flume-slots-'))
  folder = join(parent, 'slots')
})
afterEach(() => {
  rmSync(parent, { recursive: true })
})

const always = async (): Promise<boolean> => true

test('a cluster keeps its slot; another one that wants the same gets the next', async () => {
  const [first, second] = slotsFor('/a') as [number, number]
  expect(await takeSlot('/a', always, folder)).toBe(first)
  expect(await takeSlot('/a', always, folder)).toBe(first)
  freeSlot(first, folder)
  claim('/b', first, folder)
  expect(await takeSlot('/a', always, folder)).toBe(second)
  expect(ownSlots('/a', folder)).toEqual([second])
  expect(claim('/a', first, folder)).toBe(false)
})

test('a network that the machine uses for something else is passed by', async () => {
  const [first, second] = slotsFor('/a')
  const usable = async ({ slot }: { slot: number }): Promise<boolean> => slot !== first
  expect(await takeSlot('/a', usable, folder)).toBe(second)
})

test('when none is left, the cure is named; the last one that is given back takes the folder along', async () => {
  await expect(takeSlot('/a', async () => false, folder)).rejects.toThrow(/take one down/)
  claim('/a', 3, folder)
  freeSlot(3, folder)
  expect(existsSync(folder)).toBe(false)
})
