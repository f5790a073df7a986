#define LXC_ID 0xffff
