// What show-ticket does, in Node with the AWS SDK of AWS: verify the token, read the ticket,
// show it. As lean as it can be: no framework, one bundle, its connection opened at INIT.

import { createHash, createPublicKey, verify } from "node:crypto";
import http from "node:http";

import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

import page from "../page.html";
import style from "../../../functions/shared/page/templates/style.css";

const LETTERS = "CDFHJKLMNPRTVWX";
const KEPT_MS = 5 * 60 * 1000;

const { AWS_LAMBDA_RUNTIME_API, TABLE_NAME, MUNICIPALITY, TOKEN_KEYS } = process.env;
const keys = new Map(
  JSON.parse(TOKEN_KEYS).keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: "jwk" })]),
);
const client = new DynamoDBClient({});
const parts = page.split(/\{\{(\w+)\}\}/);
const day = new Intl.DateTimeFormat("de-DE", { dateStyle: "long", timeZone: "Europe/Berlin" });
const moment = new Intl.DateTimeFormat("de-DE", {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "Europe/Berlin",
});
let kept;

function caseNumber(token) {
  const [header, claims, signature] = token.split(".");
  const { alg, kid } = JSON.parse(Buffer.from(header, "base64url"));
  const key = alg === "EdDSA" && keys.get(kid);
  const signed = Buffer.from(`${header}.${claims}`);
  if (!key || !verify(null, signed, key, Buffer.from(signature, "base64url"))) {
    throw new Error("not a validly signed token");
  }
  return JSON.parse(Buffer.from(claims, "base64url")).sub;
}

function checkWord(token) {
  let rest = createHash("sha256").update(token).digest().readBigUInt64BE();
  let word = "";
  for (let letter = 0; letter < 5; letter += 1) {
    word += LETTERS[Number(rest % BigInt(LETTERS.length))];
    rest /= BigInt(LETTERS.length);
  }
  return word;
}

async function read(pk, sk, ConsistentRead) {
  const Key = { pk: { S: pk }, sk: { S: sk } };
  const { Item } = await client.send(new GetItemCommand({ TableName: TABLE_NAME, Key, ConsistentRead }));
  return Item;
}

async function municipality() {
  if (!kept || Date.now() - kept.at > KEPT_MS) {
    const item = await read(`MUNICIPALITY#${MUNICIPALITY}`, "CONFIGURATION", false);
    kept = { at: Date.now(), city: item.configuration.M };
  }
  return kept.city;
}

function escape(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

async function show(event) {
  const { token } = event.pathParameters;
  const [city, ticket] = await Promise.all([
    municipality(),
    read(`TICKET#${caseNumber(token)}`, "TICKET", true),
  ]);
  const cents = Number(ticket.amount.N);
  const euro = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
  const words = {
    style,
    token,
    check_word: checkWord(token),
    case_number: ticket.case_number.S,
    plate: ticket.plate.S,
    offence: `${ticket.offence.M.text.S} (${ticket.offence.M.number.S})`,
    place: ticket.place.S,
    occurred_at: moment.format(new Date(ticket.occurred_at.S)),
    due_on: day.format(new Date(ticket.due_on.S)),
    amount: euro.replace(".", ","),
    amount_sent: euro,
    city: city.name.S,
    account_holder: city.account_holder.S,
    iban: city.iban.S.replace(/(.{4})/g, "$1 ").trim(),
    bic: city.bic.S,
    cash_office: city.cash_office.M.address.S,
    hours: city.cash_office.M.hours.M.de.S,
  };
  let body = "";
  parts.forEach((part, index) => {
    if (index % 2 === 0) body += part;
    else body += part === "style" ? style : escape(words[part]);
  });
  const headers = { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" };
  console.log(JSON.stringify({ message: "a ticket was shown", case_number: words.case_number }));
  return { statusCode: 200, headers, body, isBase64Encoded: false };
}

// --- the Runtime API -------------------------------------------------------------------

const [host, port] = AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, path, method, agent }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

await municipality();
const invocation = "/2018-06-01/runtime/invocation";
for (;;) {
  const { headers, body } = await call("GET", `${invocation}/next`);
  const id = headers["lambda-runtime-aws-request-id"];
  try {
    const answer = JSON.stringify(await show(JSON.parse(body)));
    await call("POST", `${invocation}/${id}/response`, answer);
  } catch (error) {
    await call("POST", `${invocation}/${id}/error`, JSON.stringify({ errorMessage: String(error) }));
  }
}
