/** How the process ends, as scripts and supervisors see it. */
export const EXIT = {
  clean: 0,
  /** A failure at run time; events left in a memory channel at the deadline; damage found. */
  failure: 1,
  /** The configuration or the command line is wrong. */
  usage: 2,
} as const
