import type { SeededRandom } from './random.ts'

/** The system calls of the simulated disk. */
export const CALL_KINDS = [
  'open',
  'create',
  'makeDirectory',
  'list',
  'stat',
  'rename',
  'remove',
  'syncDirectory',
  'lock',
  'read',
  'write',
  'datasync',
  'truncate',
  'close',
] as const

export type CallKind = (typeof CALL_KINDS)[number]

/** A fault that waits for its call. */
export interface FaultPlan {
  /** Kinds of calls it counts; all when left out. */
  readonly kinds?: readonly CallKind[]
  /** Only calls on paths that contain this. */
  readonly path?: string
  /** Fires at the n-th such call from now, counted from 1. Default 1. */
  readonly nth?: number
  readonly code: 'EIO' | 'ENOSPC' | 'EDQUOT'
  /** Fires at every such call from then on, until cleared. */
  readonly persistent?: boolean
  /** A write: this part of the bytes is written and reported before the error of the next write. */
  readonly shortTo?: number
  /** A write that is short resolves with what was written and no error follows. */
  readonly shortOnly?: boolean
  /** A datasync: whether the unsynced data stays dirty or is marked clean without being written. */
  readonly data?: 'kept' | 'dropped'
}

interface Armed {
  readonly plan: FaultPlan
  left: number
}

/** The faults of a disk, and how many fired of each kind. */
export class Faults {
  readonly fired = new Map<string, number>()
  #armed: Armed[] = []

  arm(plan: FaultPlan): void {
    this.#armed.push({ plan, left: plan.nth ?? 1 })
  }

  clear(): void {
    this.#armed = []
  }

  /** Whether a fault waits for its call. */
  get armed(): boolean {
    return this.#armed.length > 0
  }

  /** The fault that fires at this call, if any. */
  next(kind: CallKind, path: string): FaultPlan | undefined {
    let fires: FaultPlan | undefined
    for (const armed of this.#armed) {
      const { kinds, path: part } = armed.plan
      if (kinds && !kinds.includes(kind)) continue
      if (part !== undefined && !path.includes(part)) continue
      armed.left--
      if (armed.left === 0 || (armed.left < 0 && armed.plan.persistent)) fires ??= armed.plan
    }
    this.#armed = this.#armed.filter((armed) => armed.left > 0 || armed.plan.persistent)
    if (fires) this.count(describe(kind, fires))
    return fires
  }

  count(what: string): void {
    this.fired.set(what, (this.fired.get(what) ?? 0) + 1)
  }
}

function describe(kind: CallKind, plan: FaultPlan): string {
  if (kind === 'write' && plan.shortTo !== undefined) return 'write short'
  if (kind === 'datasync') return `datasync ${plan.code} ${plan.data ?? 'kept'}`
  return `${kind} ${plan.code}`
}

const MESSAGES = {
  EIO: 'i/o error',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  ENOENT: 'no such file or directory',
  EEXIST: 'file already exists',
  EISDIR: 'illegal operation on a directory',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EBADF: 'bad file descriptor',
  EINVAL: 'invalid argument',
} as const

/** An error as Node makes it. */
export function systemError(code: keyof typeof MESSAGES, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${MESSAGES[code]}, ${call} '${path}'`), {
    code,
    syscall: call,
    path,
  })
}

/** A fault for the sake of having one, at one of the next calls. */
export function randomFault(random: SeededRandom): FaultPlan {
  const code = random.pick(['EIO', 'EIO', 'ENOSPC', 'EDQUOT'] as const)
  const nth = random.between(1, 5)
  const persistent = random.chance(0.2)
  const plans = {
    any: { code, nth: random.between(1, 12), persistent },
    write: { kinds: ['write'], code, nth, persistent },
    short: {
      kinds: ['write'],
      code,
      nth,
      shortTo: random.number(),
      shortOnly: random.chance(0.5),
    },
    datasync: {
      kinds: ['datasync'],
      code: 'EIO',
      nth,
      persistent,
      data: random.pick(['kept', 'dropped'] as const),
    },
    names: {
      kinds: ['create', 'rename', 'remove', 'syncDirectory', 'truncate'],
      code,
      nth: random.between(1, 3),
      persistent,
    },
    read: { kinds: ['read'], code: 'EIO', nth: random.between(1, 3) },
  } satisfies Record<string, FaultPlan>
  return plans[random.weighted({ any: 2, write: 3, short: 3, datasync: 4, names: 3, read: 1 })]
}
