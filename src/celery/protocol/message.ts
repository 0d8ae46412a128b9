/** What a broker carries: opaque bytes with a content type, headers and AMQP's basic properties. */
export interface Message {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: MessageProperties;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: Uint8Array;
}

interface MessageProperties {
  readonly correlationId?: string | undefined;
  /** Queue for answers and for `rpc://` results. */
  readonly replyTo?: string | undefined;
  /** 0 to 9 on Redis, where 0 is the most urgent; on RabbitMQ the largest number is. */
  readonly priority?: number | undefined;
  /** Milliseconds, as a text; RabbitMQ drops the message after that. */
  readonly expiration?: string | undefined;
  /** 2 survives a broker restart, 1 does not. */
  readonly deliveryMode?: 1 | 2 | undefined;
}
