/*
** openai.h -- what the files of the OpenAI dialect share. Private to them.
**
**     openai_build.c  the upstream's body from the client's
**     openai_read.c   what events and replies say: usage, first token, errors
**     openai_spoken.c how much an event or a reply says
**     openai_text.c   the answer's text, read and replaced
**     openai_end.c    the end of a stream that was cut
**     openai_write.c  errors and replies made here; the dialect's table
*/
#ifndef WIRE_OPENAI_H
#define WIRE_OPENAI_H

#include "wire/dialect.h"
#include "wire/json.h"

/* The entries of dialect_openai that other files of it hold; what each of
** them promises stands in wire/dialect.h. */
int openai_build(const struct build *in, struct buf *out);

/* Read an event, a whole reply, an error. */
int openai_event(struct tap *tap, const struct sse_event *event,
                 bool usage_asked);
int openai_whole(struct tap *tap, str body);
bool openai_error_of(str data, struct upstream_error *e, struct buf *scratch);

/* Add what a delta or a message says. */
void openai_spoken(struct spoken *s, struct json said);

/* The frame of an event, and the end of a stream that was cut. */
bool openai_frame(str data, struct buf *out);
void openai_put_end(struct buf *out, str frame, uint64_t open,
                    const struct usage *usage);

/* Read, and replace, the text of the answer. */
bool openai_content(str data, int nth, int *choice, struct buf *text);
void openai_recontent(str data, int choice, str text, struct buf *out);

#endif
