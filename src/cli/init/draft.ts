/** Where a secret is, or what it is: then it gets a file of its own. */
export type SecretSource = { readonly file: string } | { readonly secret: string };

/** How the gateway logs in. */
export type Login =
  /** `gatehouse register` will get the credentials; `file` is where they go, relative to the configuration. */
  | { readonly kind: 'register'; readonly file: string }
  | {
      readonly kind: 'password';
      readonly tenant: string;
      readonly user: string;
      readonly password: SecretSource;
    }
  | { readonly kind: 'token'; readonly token: SecretSource }
  /** With the credentials of thin-edge.io: nothing is to be written about it. */
  | { readonly kind: 'thin-edge' }
  | { readonly kind: 'certificate'; readonly certFile: string; readonly keyFile: string };

export interface DraftConduit {
  readonly name: string;
  /** Address, CIDR or DNS name. */
  readonly host: string;
  /** Numbers, ranges such as `8080-8089`, `*`. */
  readonly ports: readonly (number | string)[];
}

export interface DraftChild {
  readonly externalId: string;
  readonly name: string;
  /** Names of conduits. */
  readonly targets: readonly string[];
}

/** Everything that `gatehouse init` finds out before it writes. Each value is valid by itself. */
export interface Draft {
  readonly url: string;
  readonly externalId: string;
  readonly login: Login;
  readonly intake: string | undefined;
  /** URL of the proxy, or where that is. */
  readonly proxy: SecretSource | undefined;
  readonly caFile: string | undefined;
  readonly conduits: readonly DraftConduit[];
  readonly children: readonly DraftChild[];
}
