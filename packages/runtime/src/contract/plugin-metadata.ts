/** What a connector can do. A capability is claimed only if a test proves it. */
export type Capability = 'bidirectional' | 'retryable' | 'batching' | 'streaming' | 'tls' | 'mtls';

/** What a connector is and can do. */
export interface PluginMetadata {
  readonly id: string;
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  readonly protocolVersion: number;
  readonly supportedTypes: readonly string[];
  readonly description: string;
  readonly author: string;
  readonly documentation: string;
  /** Of {@link Capability}; a host ignores those it does not know. */
  readonly capabilities: readonly string[];
  /** JSON Schema (draft 2020-12) of `ConnectionConfig.settings`. */
  readonly configSchema: string;
}

/** Only a failing connection makes Health an error; everything else is told here. */
export interface Health {
  readonly status: 'ok' | 'degraded';
  /** Facts for an operator: the port in use, the last error, the lag. */
  readonly details: Readonly<Record<string, string>>;
}
