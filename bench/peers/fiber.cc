// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Round trips between two Boost fibers on one thread: fiber MILLISECONDS

#include <boost/fiber/all.hpp>

#include "peer.h"

static boost::fibers::unbuffered_channel<long> req, resp;

static void serve() {
	long x;
	while (req.pop(x) == boost::fibers::channel_op_status::success)
		resp.push(x + 1);
}

static void call(long n) {
	for (long i = 0; i < n; i++) {
		req.push(i);
		check(i, resp.value_pop());
	}
}

int main(int argc, char **argv) {
	if (argc != 2) {
		fprintf(stderr, "usage: fiber MILLISECONDS\n");
		return 2;
	}
	boost::fibers::fiber server(serve);
	benchmark("boost-fiber", atof(argv[1]), call);
	req.close();
	server.join();
}
