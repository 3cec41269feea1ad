/*
** turns.h -- a conversation as its messages, and a shorter one of them.
**
**     system | user assistant | user assistant(call) tool tool assistant | user
**     kept     turn 1           turn 2 '------ piece -----'                turn 3
**
** A *turn* begins at a message of the user. A *piece* stays or leaves as one: a
** message, or a tool call with all its results. What is left is the client's
** own bytes. Messages lie in the arena, their texts in the conversation.
*/
#ifndef WIRE_TURNS_H
#define WIRE_TURNS_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/json.h"

enum turn_role {
    TURN_OTHER,
    TURN_SYSTEM, /* or developer */
    TURN_USER,
    TURN_ASSISTANT,
    TURN_TOOL /* or function */
};

struct message {
    struct json body;
    enum turn_role role;
    int piece; /* the message that leads its piece */
    int next;  /* of its piece; 0: none */
    int tail;  /* of a piece's leader: the last of it */
    int turn;  /* 0: before the first of the user */
    int64_t tokens;
    bool keep; /* of a piece's leader: it stays */
    bool gone; /* it was left out */
};

struct turns {
    struct message *at;
    int n;
    int last;       /* turn */
    int64_t tokens; /* of all that stays, estimated */
};

/* Read a conversation that passed json_check. False: it is no list, has more
** than TURNS_MOST messages, or there is no memory. */
#define TURNS_MOST 50000
bool turns_read(struct turns *t, struct json messages, struct arena *arena);

/* Could this message be left out? Its piece stays when turns_keep says so. */
bool turns_loose(const struct turns *t, int at);
void turns_keep(struct turns *t, int at);

/* Leave out what is oldest until at most `most` tokens are left: first whole
** turns but the last `recent` (1: the one under way), then, of that one, tool
** calls with their results but the latest. Instructions, what must be kept and
** the last message of the user stay. How many messages left. */
int turns_drop(struct turns *t, int64_t most, int recent);

/* Append what is left as a list; `note` stands, as the user's, where the first
** was left out, unless it is absent. */
void turns_put(const struct turns *t, str note, struct buf *out);

/* A hash of those left out: it tells one shortened conversation from another. */
uint64_t turns_hash(const struct turns *t);

/* The last message of the user; JSON_NONE when there is none. */
struct json turns_question(struct json messages);

/* Append the text of a message: all its parts that are text, a line each. True
** when it is nothing but text. */
bool turns_text(struct json message, struct buf *text);

/* The id of a tool call as a number; 0 for what cannot tell one call from
** another: no text, or one too short to be unique ("call_0"). */
uint64_t turns_id(struct json id);

/* When the last message is the result of a tool: the ids of calls that the end
** of the conversation answers, at most `most`, latest first, and how many.
** Otherwise -1. */
int turns_loop(struct json messages, uint64_t *ids, int most);

#endif
