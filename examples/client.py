# client.py -- the official openai package, told another base URL and nothing else.
#     pip install openai
import os

from openai import OpenAI

gateway = os.environ.get("PERILUNE_URL", "http://127.0.0.1:8080")
client = OpenAI(base_url=gateway + "/v1", api_key="not needed: the gateway has the keys")

stream = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Hello, moon!"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
