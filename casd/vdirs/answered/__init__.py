"""Operations of EWS that the front end answers by itself: each module has some of them in `OPERATIONS`."""
