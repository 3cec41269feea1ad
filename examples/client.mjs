// client.mjs -- the official openai package, told another base URL and nothing else.
//     npm install openai
import OpenAI from "openai";

const gateway = process.env.PERILUNE_URL ?? "http://127.0.0.1:8080";
const client = new OpenAI({
  baseURL: `${gateway}/v1`,
  apiKey: "not needed: the gateway has the keys",
});

const stream = await client.chat.completions.create({
  model: "gpt-4o-mini",
  messages: [{ role: "user", content: "Hello, moon!" }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
process.stdout.write("\n");
