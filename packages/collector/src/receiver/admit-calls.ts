import {
  type Metadata,
  ResponderBuilder,
  type ServerInterceptingCallInterface,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status as STATUS,
} from "@grpc/grpc-js";
import type { Sender } from "../accept-export.ts";
import { toGrpcStatus } from "./grpc-status.ts";
import { countRequest, type ReceiverOptions } from "./receiver-options.ts";
import { createBusyError, RequestError } from "./request-error.ts";

/** What stands at the door of a gRPC server. */
export interface CallAdmission {
  readonly interceptor: ServerInterceptor;
  /** Whose call it is, by its metadata. */
  readonly senders: WeakMap<Metadata, Sender>;
}

type AdmissionOptions = Pick<ReceiverOptions, "authenticate" | "inFlight" | "counts">;

/** Refuses who may not send, and what is too much, before a message is read; ends calls whose message does not come. */
export function createCallAdmission(options: AdmissionOptions, requestTimeoutMs: number): CallAdmission {
  const { authenticate, inFlight, counts } = options;
  const senders = new WeakMap<Metadata, Sender>();
  return { interceptor: (_method, call) => intercept(call), senders };

  function intercept(call: ServerInterceptingCallInterface): ServerInterceptingCall {
    let isAdmitted = false;
    let outcome: string | null = null;
    let timer: NodeJS.Timeout | undefined;
    leaveMessagesPacked(call);

    const end = (error: RequestError): void => {
      const status = toGrpcStatus(error);
      outcome = STATUS[status.code] ?? String(status.code);
      call.sendStatus(status);
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const who = authenticate(toCaller(call, metadata));
        if (!who.ok) return end(new RequestError(who.reason, who.message));
        if (!inFlight.tryEnter()) return end(createBusyError(inFlight.max));
        isAdmitted = true;
        senders.set(metadata, who.sender);
        timer = setTimeout(() => end(createTooSlowError(requestTimeoutMs)), requestTimeoutMs);
        return next(metadata);
      })
      .withOnReceiveHalfClose((next) => {
        clearTimeout(timer);
        next();
      })
      // Every call ends here, however it ends.
      .withOnCancel(() => {
        clearTimeout(timer);
        if (isAdmitted) inFlight.leave();
        countRequest(counts, outcome ?? "aborted");
      })
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendStatus((status, next) => {
        outcome = STATUS[status.code ?? STATUS.UNKNOWN] ?? String(status.code);
        next(status);
      })
      .build();
    return new ServerInterceptingCall(call, responder);
  }
}

/**
 * Makes the library hand over gzip as it came: it would unpack in chunks of 16 KiB through the thread pool, at seven times the CPU.
 * Should a later version name the field otherwise, messages come unpacked, and everything works as before.
 */
function leaveMessagesPacked(call: ServerInterceptingCallInterface): void {
  if ("incomingEncoding" in call && call.incomingEncoding === "gzip") call.incomingEncoding = "identity";
}

function toCaller(call: ServerInterceptingCallInterface, metadata: Metadata) {
  const authorization = metadata.get("authorization")[0]?.toString();
  return { authorization, host: call.getHost(), remoteAddress: call.getConnectionInfo().remoteAddress };
}

function createTooSlowError(requestTimeoutMs: number): RequestError {
  return new RequestError("too-slow", `The message did not come within ${requestTimeoutMs} ms.`);
}
