/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VS_COMPAT_DST_H
#define VS_COMPAT_DST_H

#include <net/ip6_fib.h>
#include <net/route.h>

#ifndef dst_rtable
#define dst_rtable(ptr)	container_of((ptr), struct rtable, dst)
#endif

#ifndef dst_rt6_info
#define dst_rt6_info(ptr)	container_of((ptr), struct rt6_info, dst)
#endif

#endif /* VS_COMPAT_DST_H */
