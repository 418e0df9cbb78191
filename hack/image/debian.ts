import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from '../setup/tool.ts'
import { addDirectory, addFile, addFolder } from './tree.ts'
import type { Tree } from './tree.ts'

/**
 * Debian packages as files of an image, unpacked without running anything of them. Their licences stay,
 * and what they are, in the place where scanners for known weaknesses look.
 */

/** Of no use in a container: character sets, manuals, help for debuggers, what installers run. */
const UNWANTED =
  /(^|\/)(gconv|audit|man|locale|lintian|bash-completion|initramfs-tools|gcc|gdb)\/|(^|\/)sbin\/|^etc\/|^var\/|\/doc\/.*\/(?!copyright$)[^/]*$/

export const C_PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1'] as const

/** Fetches packages from the mirrors of this machine into an empty folder. Their files. */
export function downloadPackages(names: readonly string[], folder: string): string[] {
  const packages = join(folder, 'packages')
  mkdirSync(packages, { recursive: true })
  const apt = (...args: string[]): Buffer =>
    execFileSync('apt-get', ['--quiet=2', '--option=APT::Sandbox::User=root', ...args], {
      cwd: packages,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const files = (): string[] =>
    readdirSync(packages)
      .sort()
      .map((file) => join(packages, file))
  try {
    try {
      apt('download', ...names)
    } catch {
      // Its lists may be missing or too old.
      apt('update')
      apt('download', ...names)
    }
    const licences = new Set(files().flatMap(licencePackages))
    if (licences.size > 0) apt('download', ...licences)
  } catch (error) {
    throw new SetupError(
      `Debian's packages ${names.join(', ')} could not be fetched: ${String(error)}`,
    )
  }
  return files()
}

/** GCC's libraries have their licence in a package of its own, named after the version. */
function licencePackages(file: string): string[] {
  return fieldOf(file, 'Depends').match(/gcc-\d+-base/g) ?? []
}

function fieldOf(file: string, field: string): string {
  return execFileSync('dpkg-deb', ['--field', file, field], { encoding: 'utf8' }).trim()
}

/** Adds what packages contain. */
export function addPackages(tree: Tree, files: readonly string[], folder: string): void {
  for (const file of files) {
    const name = fieldOf(file, 'Package')
    const unpacked = join(folder, name)
    execFileSync('dpkg-deb', ['--extract', file, unpacked])
    addFolder(tree, { folder: unpacked, prefix: '' }, (path) => !UNWANTED.test(path))
    addFile(tree, `var/lib/dpkg/status.d/${name}`, execFileSync('dpkg-deb', ['--field', file]))
  }
}

export interface User {
  readonly name: string
  readonly id: number
  readonly home: string
}

/** What every root filesystem has: users, folders, and how names are looked up. */
export function addSystemFiles(tree: Tree, users: readonly User[]): void {
  const lines = (write: (user: User) => string): string =>
    users.map((each) => `${write(each)}\n`).join('')
  addFile(
    tree,
    'etc/passwd',
    lines(({ name, id, home }) => `${name}:x:${id}:${id}::${home}:/sbin/nologin`),
  )
  addFile(
    tree,
    'etc/group',
    lines(({ name, id }) => `${name}:x:${id}:`),
  )
  addFile(tree, 'etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n')
  for (const path of ['dev', 'proc', 'sys', 'run', 'var/tmp']) addDirectory(tree, path)
  for (const path of ['tmp', 'var/tmp']) addDirectory(tree, path, 0o1777)
}
