import net, { type AddressInfo, type Socket } from 'node:net';

/** Answers in hex; `{id}` is the packet id of what is answered. */
const CONNACK = '20020000';
const SUBACK = '9003{id}01';

const TYPE = { connect: 1, publish: 3, puback: 4, subscribe: 8, pingreq: 12 } as const;

/** The server's end of MQTT, byte by byte: it knows just enough to let a client in, and says what a test wants. */
export class RawBroker {
  /** What is said instead of CONNACK and SUBACK, given the packet id in hex; empty bytes end the connection. */
  instead: { readonly connect?: Reply; readonly subscribe?: Reply } = {};
  /** Packet ids that the client has acknowledged (PUBACK). */
  readonly acknowledged: number[] = [];
  #subscriptions = 0;
  socket: Socket | undefined;
  readonly #server = net.createServer({ noDelay: true }, (socket) => this.#onConnection(socket));

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.socket?.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onConnection(socket: Socket): void {
    this.socket = socket;
    let bytes: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let size = packetSize(bytes); size !== undefined; size = packetSize(bytes)) {
        this.#onPacket(socket, bytes.subarray(0, size));
        bytes = bytes.subarray(size);
      }
    });
  }

  /** Only the first subscription, that of the operations, is answered in another way. */
  #subscribeReply(id: string): Buffer {
    this.#subscriptions += 1;
    return (this.#subscriptions === 1 ? this.instead.subscribe?.(id) : undefined) ?? suback(id);
  }

  #onPacket(socket: Socket, packet: Buffer): void {
    // Ours are short: the remaining length is one byte wherever an id is read.
    const id = packet.subarray(2, 4).toString('hex');
    switch ((packet[0] ?? 0) >> 4) {
      case TYPE.connect:
        say(socket, this.instead.connect?.('') ?? Buffer.from(CONNACK, 'hex'));
        break;
      case TYPE.subscribe:
        say(socket, this.#subscribeReply(id));
        break;
      case TYPE.publish:
        // Only the announcement of the device is published here, with QoS 1; its id stands behind the topic `s/us`.
        socket.write(Buffer.from(`4002${packet.subarray(8, 10).toString('hex')}`, 'hex'));
        break;
      case TYPE.puback:
        this.acknowledged.push(Number.parseInt(id, 16));
        break;
      case TYPE.pingreq:
        socket.write(Buffer.from('d000', 'hex'));
        break;
    }
  }
}

type Reply = (id: string) => Buffer;

function suback(id: string): Buffer {
  return Buffer.from(SUBACK.replace('{id}', id), 'hex');
}

function say(socket: Socket, bytes: Buffer): void {
  if (bytes.length === 0) socket.end();
  else socket.write(bytes);
}

/** Bytes of the packet at the front, or undefined while it is not whole. */
function packetSize(bytes: Buffer): number | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length && at <= 4; at += 1) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if ((byte & 0x80) === 0) return bytes.length >= at + 1 + length ? at + 1 + length : undefined;
  }
  return undefined;
}
