import { NOT_WRITTEN, type Row } from '../row.js';

/** Family B: the control connection over MQTT. */
export const rows: readonly Row[] = [
  {
    id: 'B01',
    fault: 'CONNACK with codes 1 to 5',
    required:
      'refusals of version, id or credentials wait up to 5 minutes and are reported; "unavailable" backs off as usual',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B02',
    fault: 'the broker accepts the connection and never sends CONNACK',
    required: 'given up within 15 s, then back-off',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B03',
    fault: 'another client takes over our client id again and again',
    required:
      'after 3 times in a minute the agent stops competing, says that its identity is in use, and tries at the longest wait',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B04',
    fault: 'the broker disconnects right after each connect',
    required: 'back-off goes on growing; it starts over only after 60 stable seconds',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B05',
    fault: 'SUBACK 0x80 for one topic',
    required: 'not ready for what that topic brings; reported; tried again',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B06',
    fault: 'a notification is delivered twice, with DUP or under another packet id',
    required: 'it runs once',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B07',
    fault: 'the PUBACK of a notification is lost and the broker repeats it after the reconnect',
    required: 'it runs once',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B08',
    fault: 'a retained or old notification comes with the subscription',
    required: 'its age is checked; it runs at most once',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B09',
    fault: 'a PUBLISH announces 64 KiB to 268 MB',
    required: 'the connection is destroyed when the length is known; memory stays bounded; back-off',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B10',
    fault: 'garbage, reserved packet types, wrong flags',
    required: 'destroyed at the first mistake with one log line for the connection',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B11',
    fault: 'PINGRESP stays away',
    required: 'noticed within one and a half keep-alives, connected anew',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B12',
    fault: 'the broker is killed, stopped for two minutes, or comes back without its sessions',
    required: 'connected and subscribed anew, then a sweep',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B13',
    fault: 'a status is due while the broker is away',
    required: "it waits in our own outbox, not in the library's queue, and is sent later",
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B14',
    fault: 'a status is published and its PUBACK is missing',
    required: 'published again until confirmed or superseded; the same status for the same id',
    notRun: NOT_WRITTEN,
  },
  { id: 'B15', fault: 'error messages on s/e', required: 'logged and counted; no loop', notRun: NOT_WRITTEN },
  {
    id: 'B16',
    fault: 'several SmartREST lines in one message, with mixed line ends',
    required: 'each line stands alone; a bad one hides none',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B17',
    fault: 'MQTT over WebSocket: 404 on the path, or a proxy in the way',
    required: 'as A04, and as the proxy rows of family E',
    notRun: NOT_WRITTEN,
  },
  {
    id: 'B18',
    fault: 'notifications were lost while the clean session was offline',
    required: 'a sweep finds the operations',
    notRun: NOT_WRITTEN,
  },
];
