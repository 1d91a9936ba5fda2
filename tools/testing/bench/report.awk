# SPDX-License-Identifier: GPL-2.0
# Converts bench.tsv to a table on stdout and, with -v json=FILE, to JSON.
# Every figure is the median over the rounds; min is their minimum.
BEGIN { FS = "\t" }

function median(list,    v, n, i, j, t)
{
	n = split(list, v, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	least = v[1]
	if (!n)
		return ""
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function add(store, key, value) { store[key] = store[key] " " value }

{
	impl = $2
	if ($3 == "build" || $3 == "forward")
		key = $3 SUBSEP "-" SUBSEP $5 SUBSEP $6 SUBSEP $7
	else
		key = $3 SUBSEP $4 SUBSEP $5 SUBSEP $6 SUBSEP $7
	if (!(key in seen)) {
		seen[key] = 1
		keys[++nkeys] = key
	}
	add(values, key SUBSEP impl, $8)
	add(above, key SUBSEP impl, $8 - $9)
}

function place(key,    p, order, i)
{
	split(key, p, SUBSEP)
	i = index("build forward bystander first first-mean established reply memory memory-free memory-empty memory-left ", p[1] " ")
	order = index("- dr nat tun", p[2])
	return sprintf("%09d%03d%03d%s%s", p[5], i, order, p[3], p[4])
}

function ns(x) { return x == "" ? "-" : sprintf("%.0f", x / 1000) }
function ratio(a, b) { return a == "" || b == "" || b <= 0 ? "-" : sprintf("%.2f", a / b) }

function label(p,    s)
{
	s["build"] = "building a packet"; s["forward"] = "plain forwarding"
	s["bystander"] = "not for a service"; s["first"] = p[4] == "udp" ? "first packet" : "SYN"
	s["first-mean"] = s["first"] " (mean)"
	s["established"] = "established in"; s["reply"] = "reply"
	return s[p[1]] (p[2] == "-" ? "" : ", " toupper(p[2])) (p[4] == "udp" ? " UDP" : "")
}

function emit(p, impl, scale, m, lo, ab, ablo)
{
	if (!json || m == "")
		return
	printf "%s\n  {\"case\": \"%s\", \"method\": \"%s\", \"family\": %s, \"proto\": \"%s\", \"connections\": %s, \"impl\": \"%s\", \"unit\": \"%s\", \"median\": %.3f, \"min\": %.3f", \
		(emitted++ ? "," : "["), p[1], p[2], p[3], p[4], p[5], impl, scale == 1 ? "bytes" : "ns", m / scale, lo / scale >json
	if (scale != 1)
		printf ", \"above_forwarding_median\": %.3f, \"above_forwarding_min\": %.3f", ab / scale, ablo / scale >json
	printf "}" >json
}

function times(key, p,    mk, mw, ak, aw, lk, lw, alk, alw)
{
	mk = median(values[key SUBSEP "kernel"]); lk = least
	mw = median(values[key SUBSEP "weir"]); lw = least
	ak = median(above[key SUBSEP "kernel"]); alk = least
	aw = median(above[key SUBSEP "weir"]); alw = least
	emit(p, "kernel", 1000, mk, lk, ak, alk)
	emit(p, "weir", 1000, mw, lw, aw, alw)
	if (p[1] == "build" || p[1] == "forward")
		ak = aw = ""
	printf "%-24s IPv%s %8d | %7s %7s | %7s %7s | %7s %7s %6s\n", label(p), p[3], p[5], \
		ns(mk), ns(lk), ns(mw), ns(lw), ns(ak), ns(aw), ratio(aw, ak)
}

function bytes(key, p,    mk, mw, lk, lw)
{
	mk = median(values[key SUBSEP "kernel"]); lk = least
	mw = median(values[key SUBSEP "weir"]); lw = least
	emit(p, "kernel", 1, mk, lk)
	emit(p, "weir", 1, mw, lw)
	what["memory"] = "connection, accounted"; what["memory-free"] = "connection, less free"
	what["memory-empty"] = "empty, configured"; what["memory-left"] = "left after unloading"
	printf "%-24s %-4s IPv%s %4s %8d | %10s | %10s | %6s\n", what[p[1]], toupper(p[2]), p[3], p[4], p[5], \
		mk == "" ? "-" : sprintf("%.0f", mk), mw == "" ? "-" : sprintf("%.0f", mw), ratio(mw, mk)
}

END {
	for (i = 2; i <= nkeys; i++)
		for (j = i; j > 1 && place(keys[j - 1]) > place(keys[j]); j--) {
			t = keys[j]; keys[j] = keys[j - 1]; keys[j - 1] = t
		}
	print "Nanoseconds per packet: median and minimum of the rounds; above: the cost in excess"
	print "of plain forwarding without ip_vs, measured just before and after."
	print "The figure of a round is the median over batches of 64 packets (the minimum of three"
	print "runs if the case changes no state), or (mean) the mean over all packets, which"
	print "includes the growth of the table and other activity of the machine."
	printf "%-24s %4s %8s | %7s %7s | %7s %7s | %7s %7s %6s\n", "case", "IP", "connect.", \
		"kernel", "min", "weir", "min", "above:k", "above:w", "ratio"
	for (i = 1; i <= nkeys; i++) {
		split(keys[i], p, SUBSEP)
		if (p[1] !~ /^memory/)
			times(keys[i], p)
	}
	print ""
	print "Bytes: accounted is slab + vmalloc + per-CPU memory (the better figure for few"
	print "connections), less free is the decrease of free memory (complete, for many)."
	printf "%-39s %8s | %10s | %10s | %6s\n", "memory", "connect.", "kernel", "weir", "ratio"
	for (i = 1; i <= nkeys; i++) {
		split(keys[i], p, SUBSEP)
		# Free memory is too coarse for few connections; "empty" and "left" do not
		# depend on the method, so one row is enough.
		if (p[1] == "memory" || (p[1] == "memory-free" && p[5] >= 100000) ||
		    (p[1] ~ /^memory-(empty|left)/ && p[2] == "dr" && p[3] == 4 && p[4] == "tcp"))
			bytes(keys[i], p)
	}
	if (json)
		print "\n]" >json
}
