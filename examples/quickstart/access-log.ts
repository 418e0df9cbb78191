import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const PATHS = [
  '/',
  '/cart',
  '/search?q=boots',
  '/products/17',
  '/products/42',
  '/login',
  '/img/a.png',
]
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64)', 'Mozilla/5.0 (iPhone)', 'curl/8.5.0']
const STATUSES = [200, 200, 200, 200, 200, 304, 404, 500]
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Line number `id` of a web server's access log, with its line feed. */
export function accessLine(id: number, now: Date): string {
  const pick = <T>(list: readonly T[], salt: number): T => list[(id * salt) % list.length]!
  const ip = `203.0.113.${(id * 7) % 254}`
  const status = pick(STATUSES, 5)
  const size = 300 + ((id * 7919) % 20_000)
  const request = `id=${String(id).padStart(8, '0')}`
  return `${ip} - - [${logTime(now)}] "GET ${pick(PATHS, 3)} HTTP/1.1" ${status} ${size} "-" "${pick(AGENTS, 11)}" ${request}\n`
}

/** `22/Nov/2026:17:20:11 +0000` */
function logTime(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${two(now.getUTCDate())}/${MONTHS[now.getUTCMonth()]}/${now.getUTCFullYear()}`
  return `${day}:${two(now.getUTCHours())}:${two(now.getUTCMinutes())}:${two(now.getUTCSeconds())} +0000`
}

const WRITE_EVERY_MS = 50
const AGES_MAX = 10_000

/** A web server that writes an access log and rotates it by renaming, as logrotate does. */
export class AccessLog {
  readonly #path: string
  #fd: number
  #rotations = 0
  #timer: NodeJS.Timeout | undefined
  /** When line n and those before it were written: [n, time]. */
  readonly #times: [number, number][] = []
  lines = 0

  constructor(directory: string) {
    this.#path = join(directory, 'access.log')
    this.#fd = openSync(this.#path, 'a')
  }

  get rotations(): number {
    return this.#rotations
  }

  start(linesPerSecond: number, rotateEveryMs: number): void {
    const started = performance.now()
    this.#timer = setInterval(() => {
      const elapsedMs = performance.now() - started
      this.#writeUpTo(Math.floor((elapsedMs * linesPerSecond) / 1000))
      if (elapsedMs > (this.#rotations + 1) * rotateEveryMs) this.rotate()
    }, WRITE_EVERY_MS)
  }

  #writeUpTo(lines: number): void {
    let text = ''
    const now = new Date()
    while (this.lines < lines) text += accessLine(this.lines++, now)
    writeSync(this.#fd, text)
    this.#times.push([this.lines, now.getTime()])
    if (this.#times.length > AGES_MAX) this.#times.shift()
  }

  /** access.log.1 → access.log.2, access.log → access.log.1, a new access.log. */
  rotate(): void {
    closeSync(this.#fd)
    for (let n = this.#rotations; n > 0; n--) {
      const name = `${this.#path}.${n}`
      if (existsSync(name)) renameSync(name, `${this.#path}.${n + 1}`)
    }
    renameSync(this.#path, `${this.#path}.1`)
    this.#rotations += 1
    this.#fd = openSync(this.#path, 'ax')
  }

  /** How long the line after the first `delivered` ones has been waiting; 0 when there is none. */
  ageOfNextMs(delivered: number): number {
    while (this.#times.length > 0 && this.#times[0]![0] <= delivered) this.#times.shift()
    const next = this.#times[0]
    return next === undefined ? 0 : Math.max(0, Date.now() - next[1])
  }

  /** Ends the writing; safe to call twice. */
  stop(): void {
    clearInterval(this.#timer)
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }
}
