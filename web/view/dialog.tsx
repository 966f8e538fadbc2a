import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface DialogProps {
  readonly title: string;
  /** By Escape or a click beside it. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A window over the page: the browser keeps the focus in it, Escape closes it, and the focus goes back where it was. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEscape(onClose);
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      placeOfFocus(before)?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-content">
        <h2 id="dialog-title">{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/**
 * Escape is kept from the browser, wherever the focus is: it takes a first one as a question, but a second one closes the
 * window even though the answer was no.
 */
function useEscape(onEscape: () => void): void {
  const latest = useRef(onEscape);
  latest.current = onEscape;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      latest.current();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}

/** Where the focus was; when its session is gone, the row in its place, or the title when there is no row. */
function placeOfFocus(before: Element | null): HTMLElement | null {
  if (before instanceof HTMLElement && before.isConnected) return before;
  const row = document.querySelector<HTMLElement>('.grid-body [role=row][tabindex="0"]');
  return row ?? document.getElementById('sessions-title');
}
