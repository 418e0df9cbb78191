/** A running cluster, as tests and the command line use it; what each act does depends on who runs it. */
export interface Cluster {
  /** Of the administrator; a path. */
  readonly kubeconfig: string
  readonly nodes: readonly string[]
  /** Loss of power: everything that runs on the node is gone at once, its disk stays. */
  powerOff(node: string): Promise<void>
  /** Resolves when the node runs again; that it is Ready takes a second more. */
  powerOn(node: string): Promise<void>
  /** The node goes on running, but the network has lost it. */
  cut(node: string): Promise<void>
  mend(node: string): Promise<void>
  /** SIGKILL to the first process of a container. */
  crash(container: ContainerName): Promise<void>
  /** Loads the images of an archive (OCI or Docker) into all nodes that are up. */
  importImages(archive: string): Promise<void>
  /** What helps to understand a failure, a line or a block for each part. */
  status(): Promise<string>
}

export interface ContainerName {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

export interface UpOptions {
  /** Absolute. */
  readonly directory: string
  /** undefined: as many as it has, or two. */
  readonly nodes: number | undefined
  /** Told about each step. */
  readonly say: (step: string) => void
}

/** A way to run clusters. */
export interface Provider {
  /** Makes the cluster, or repairs what is missing of it; resolves when its nodes are Ready. */
  up(options: UpOptions): Promise<Cluster>
  /** The cluster of a state directory, whatever runs of it. */
  attach(directory: string): Promise<Cluster>
  /** Removes it, half made or whole, and says what it removed. Rejects when something is left. */
  down(directory: string): Promise<readonly string[]>
}
