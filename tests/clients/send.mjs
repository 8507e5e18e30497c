// Sends one call of each kind with an SDK for Node as it is: node send.mjs segment|rudder <address> <write key> <rounds>
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [which, address, writeKey, rounds] = process.argv.slice(2);

function segment() {
  const { Analytics } = require("@segment/analytics-node");
  const client = new Analytics({ writeKey, host: address, maxRetries: 20, flushAt: 6 });
  return [client, () => client.closeAndFlush({ timeout: 20000 })];
}

function rudder() {
  const Analytics = require("@rudderstack/rudder-sdk-node");
  const soon = { retries: 20, retryDelay: () => 50, retryCondition: () => true };
  const client = new Analytics(writeKey, { dataPlaneUrl: address, axiosRetryConfig: soon, flushAt: 6, flushInterval: 100 });
  return [client, () => client.flush()];
}

const [client, flush] = { segment, rudder }[which]();
const when = new Date("2026-02-03T04:05:06.789Z");
const time = which === "rudder" ? { originalTimestamp: when } : { timestamp: when };

for (let round = 0; round < Number(rounds); round++) {
  const messageId = (call) => `${which}-node-${round}-${call}`;
  const userId = `u-${round}`;
  client.identify({ userId, traits: { name: "山田 太郎", plan: "gold" }, ...time, messageId: messageId("identify") });
  client.track({ userId, event: "Product Viewed", properties: { product_id: "22423", price: 12.5 }, ...time, messageId: messageId("track") });
  client.page({ anonymousId: `a-${round}`, name: "Home", properties: { path: "/" }, ...time, messageId: messageId("page") });
  client.screen({ anonymousId: `a-${round}`, name: "Start", properties: { tab: 2 }, ...time, messageId: messageId("screen") });
  client.group({ userId, groupId: "g-1", traits: { company: "Tea & Co" }, ...time, messageId: messageId("group") });
  client.alias({ userId, previousId: `a-${round}`, ...time, messageId: messageId("alias") });
}
await flush();
