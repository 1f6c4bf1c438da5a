import dns, { type LookupAddress, Resolver } from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net, { type NetConnectOpts } from "node:net";

// Loaded before a program of this machine (--import), which then knows Services by the names that pods know them by, as if it
// ran in one. The query of this module's address says how: `server`, the DNS server to ask, or `port`, of 127.0.0.1, where all of
// them are.

const query = new URL(import.meta.url).searchParams;
const [server, port] = [query.get("server"), query.get("port")];
const isService = (name: string | undefined) => name?.endsWith(".svc") === true;

if (server !== null) {
  const resolver = new Resolver({ timeout: 2_000 });
  resolver.setServers([server]);
  const system = dns.lookup as (...args: unknown[]) => void;
  type Answer = (error: Error | null, found?: string | LookupAddress[], family?: number) => void;
  const lookup = (hostname: string, options: { all?: boolean }, answer: Answer): void => {
    if (!isService(hostname)) {
      system(hostname, options, answer);
      return;
    }
    resolver.resolve4(`${hostname}.cluster.local`, (error, addresses = []) => {
      const found = addresses.map((address) => ({ address, family: 4 }));
      if (error) answer(error);
      else if (options.all === true) answer(null, found);
      else answer(null, addresses[0] ?? "", 4);
    });
  };
  Object.assign(dns, { lookup });
}

if (port !== null) {
  const connect = net.connect as (...args: unknown[]) => unknown;
  const elsewhere = (options: NetConnectOpts & { host?: string }, ...rest: unknown[]) =>
    connect(isService(options.host) ? { ...options, host: "127.0.0.1", port } : options, ...rest);
  Object.assign(net, { connect: elsewhere });
}

syncBuiltinESMExports();
