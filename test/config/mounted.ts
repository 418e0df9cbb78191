import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Files by their paths below the volume. */
export type MountedFiles = Readonly<Record<string, string>>

/**
 * A volume as a kubelet mounts it: `..data` is a symbolic link to a directory with a version of all files,
 * and what is seen at the top are links into it. A new version is written beside the old one, and the
 * link turned at once.
 */
export class MountedVolume {
  readonly directory: string
  #versions = 0

  constructor(directory: string, files: MountedFiles = {}) {
    this.directory = directory
    mkdirSync(directory, { recursive: true })
    this.replace(files)
  }

  static at(directory: string, files: MountedFiles): MountedVolume {
    return new MountedVolume(directory, files)
  }

  replace(files: MountedFiles): void {
    const old = this.#versionName()
    this.#versions++
    const version = this.#versionName()
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.directory, version, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    mkdirSync(join(this.directory, version), { recursive: true })
    symlinkSync(version, join(this.directory, '..data_tmp'))
    renameSync(join(this.directory, '..data_tmp'), join(this.directory, '..data'))
    const tops = new Set(Object.keys(files).map((path) => path.split('/', 1)[0]!))
    const seen = readdirSync(this.directory).filter((name) => !name.startsWith('..'))
    for (const name of seen) if (!tops.has(name)) rmSync(join(this.directory, name))
    for (const name of tops)
      if (!seen.includes(name)) symlinkSync(join('..data', name), join(this.directory, name))
    rmSync(join(this.directory, old), { recursive: true, force: true })
  }

  #versionName(): string {
    return `..2026_01_01_00_00_00.${this.#versions}`
  }
}
