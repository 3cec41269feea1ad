/*
** prompt.h -- how many tokens the prompt of a request is, before it is asked.
**
** A conversation costs more than its texts: OpenAI documents three tokens for a
** message, one for a name, and three for the answer's beginning. What tools cost
** is not documented: they are counted as OpenAI's cookbook does it, which is some
** tokens off; pictures, sounds and files count as ESTIMATE_PART each. Where
** there is one of these, the count is marked as guessed.
**
** For a limit that must hold there is the bound: a token is a byte at least, and
** what a message costs beside its texts is less than what it takes in JSON.
*/
#ifndef WIRE_PROMPT_PROMPT_H
#define WIRE_PROMPT_PROMPT_H

#include "kernel/tokens/tokens.h"
#include "wire/json.h"

/* Add the prompt of a request's body that passed json_check: its messages and
** tools, or its `input` or `prompt`. What goes wrong is in t->error. */
void prompt_count(struct json body, struct tokens *t);

/* The same with other messages, and with other instructions in them (absent:
** their own). */
void prompt_count_with(struct json body, struct json messages, str system,
                       struct tokens *t);

/* Add a list of messages, as a conversation of its own. */
void prompt_messages(struct json messages, struct tokens *t);

/* Add one message. False, and nothing is added, when there is more in it than
** texts that can be counted for certain. */
bool prompt_message(struct json message, struct tokens *t);

/* Tokens that the prompt of this body cannot be more than, whatever the model.
** -1: there is something in it whose tokens its bytes do not bound, such as a
** picture by its address, or a conversation kept at the provider. */
int64_t prompt_bound(struct json body);

#endif
