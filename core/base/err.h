/*
** err.h -- what can go wrong, as numbers.
**
** Functions that can fail return 0 or one of these. perilune.h publishes the
** same numbers under the same names; they are never renumbered.
*/
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_MEMORY  (-1) /* no memory */
#define ERR_INPUT   (-2) /* what was given is wrong */
#define ERR_LIMIT   (-3) /* larger, or more, than allowed */
#define ERR_SYSTEM  (-4) /* the operating system refused */
#define ERR_POLICY  (-5) /* the policy does not load, or raised */
#define ERR_MISSING (-6) /* there is no such thing */
#define ERR_STATE   (-7) /* not now: closed, draining or already done */

#endif
