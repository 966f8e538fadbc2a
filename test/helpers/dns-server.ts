import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What the server answers for a name. A name that is not in the script does not exist. */
export type DnsAnswer =
  | {
      readonly a?: readonly string[];
      readonly aaaa?: readonly string[];
      /** In seconds; default 0. */
      readonly ttl?: number;
      /** Put before the addresses, which then belong to the last of these names. */
      readonly cnames?: readonly string[];
      /** Over UDP say only "truncated", so that the client has to come over TCP. Long answers always do. */
      readonly truncated?: boolean;
      /** Answer only after this many milliseconds. */
      readonly delayMs?: number;
    }
  | { readonly rcode: 'SERVFAIL' | 'NXDOMAIN' | 'REFUSED' }
  | { readonly silent: true }
  /** Bytes that are no DNS message behind the header. */
  | { readonly garbage: true };

export type RecordType = 'A' | 'AAAA';

/** Fixed answers, or a function of the type and of how often that type of the name was asked before. */
export type DnsScript = Record<string, DnsAnswer | ((type: RecordType, before: number) => DnsAnswer)>;

const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const;
const MAX_UDP_BYTES = 512;

interface Query {
  readonly id: number;
  readonly name: string;
  readonly type: RecordType | undefined;
  /** The question as it came: it is repeated in the answer. */
  readonly question: Buffer;
}

/** A name server on 127.0.0.1, UDP and TCP on one port, that answers from a script. */
export class DnsServer {
  /** Each question in the order it came, as `A plc-1`. */
  readonly asked: string[] = [];
  readonly #script: DnsScript;
  readonly #tcp: Server;
  readonly #udp: UdpSocket;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(script: DnsScript, tcp: Server, udp: UdpSocket) {
    this.#script = script;
    this.#tcp = tcp;
    this.#udp = udp;
    udp.on('message', (message, { port, address }) => {
      this.#answer(message, true, (reply) => udp.send(reply, port, address));
    });
    tcp.on('connection', (socket) => this.#onConnection(socket));
  }

  /** A listening server. `port` default: a free one. */
  static async listen(script: DnsScript, port = 0): Promise<DnsServer> {
    for (let attempt = 1; ; attempt++) {
      const tcp = createServer().listen(port, '127.0.0.1');
      await once(tcp, 'listening');
      const udp = createSocket('udp4');
      try {
        udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1');
        await once(udp, 'listening');
        return new DnsServer(script, tcp, udp);
      } catch (error) {
        tcp.close();
        if (attempt === 10) throw error;
      }
    }
  }

  /** `127.0.0.1:port`, as dns.setServers takes it. */
  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#udp.close();
    this.#tcp.close();
    await once(this.#tcp, 'close');
  }

  #onConnection(socket: Socket): void {
    let received = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
        const end = 2 + received.readUInt16BE();
        this.#answer(received.subarray(2, end), false, (reply) => socket.write(framed(reply)));
        received = received.subarray(end);
      }
    });
  }

  #answer(message: Buffer, isUdp: boolean, send: (reply: Buffer) => void): void {
    const query = parseQuery(message);
    const entry = this.#script[query.name] ?? { rcode: 'NXDOMAIN' };
    const label = `${query.type ?? 'other'} ${query.name}`;
    const before = this.asked.filter((one) => one === label).length;
    this.asked.push(label);
    const answer = typeof entry === 'function' ? entry(query.type ?? 'A', before) : entry;
    if ('silent' in answer) return;
    if ('garbage' in answer) {
      send(Buffer.concat([header(query, 0, 7, false), Buffer.alloc(9, 0xff)]));
      return;
    }
    if ('rcode' in answer) {
      send(Buffer.concat([header(query, RCODES[answer.rcode], 0, false), query.question]));
      return;
    }
    const reply = addressReply(query, answer, isUdp);
    if (answer.delayMs === undefined) {
      send(reply);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      send(reply);
    }, answer.delayMs);
    this.#timers.add(timer);
  }
}

function parseQuery(message: Buffer): Query {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += 1 + length;
  }
  const type = message.readUInt16BE(at + 1);
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.'),
    type: type === TYPES.A ? 'A' : type === TYPES.AAAA ? 'AAAA' : undefined,
    question: message.subarray(12, at + 5),
  };
}

function addressReply(query: Query, answer: Extract<DnsAnswer, { a?: unknown }>, isUdp: boolean): Buffer {
  const ttl = answer.ttl ?? 0;
  let owner = query.name;
  const records = (answer.cnames ?? []).map((cname) => {
    const one = record(owner, TYPES.CNAME, ttl, encodedName(cname));
    owner = cname;
    return one;
  });
  const addresses = (query.type === 'A' ? answer.a : query.type === 'AAAA' ? answer.aaaa : undefined) ?? [];
  for (const address of addresses) {
    const type = query.type === 'AAAA' ? TYPES.AAAA : TYPES.A;
    records.push(record(owner, type, ttl, Buffer.from(ipaddr.parse(address).toByteArray())));
  }
  const whole = Buffer.concat([header(query, 0, records.length, false), query.question, ...records]);
  const isTooLong = whole.length > MAX_UDP_BYTES || answer.truncated === true;
  return isUdp && isTooLong ? Buffer.concat([header(query, 0, 0, true), query.question]) : whole;
}

/** RFC 1035 section 4.1.1: an authoritative-looking response with one question. */
function header(query: Query, rcode: number, answers: number, truncated: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(query.id, 0);
  bytes.writeUInt16BE(0x8180 | (truncated ? 0x0200 : 0) | rcode, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(answers, 6);
  return bytes;
}

function record(owner: string, type: number, ttl: number, value: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(value.length, 8);
  return Buffer.concat([encodedName(owner), fixed, value]);
}

function encodedName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
