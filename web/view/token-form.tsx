import { useState } from 'preact/hooks';

export interface TokenFormProps {
  /** Why it is asked for. */
  readonly reason: string;
  /** A token was given already, and not taken. */
  readonly isAgain: boolean;
  readonly onToken: (token: string) => void;
}

/** Asks for the admin token. It stays in this tab. */
export function TokenForm({ reason, isAgain, onToken }: TokenFormProps) {
  const [token, setToken] = useState('');
  return (
    <main class="lock">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== '') onToken(token.trim());
        }}
      >
        <h2>This gateway asks for its admin token</h2>
        <p>
          It stands in the configuration of the gateway as <code>admin.token</code>. It stays in this tab and
          is forgotten with it.
        </p>
        <label>
          <span>Admin token</span>
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={token}
            autofocus
            onInput={({ currentTarget: { value } }) => setToken(value)}
          />
        </label>
        {isAgain ? (
          <p class="trouble" role="alert">
            The gateway did not take it. {reason}
          </p>
        ) : null}
        <div class="buttons">
          <button type="submit" class="primary">
            Show the dashboard
          </button>
        </div>
      </form>
    </main>
  );
}
