#define NODE
