# Checksums of configuration files, without their comments, and with the node's own names and addresses taken out: these must differ.
O=$(
  { ip -o addr 2>/dev/null || hostname -I 2>/dev/null; } | tr ' /' '\n\n' | grep -E '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$' | grep -v '^127\.\|^255\.' | sort -u | sed 's/\./\\./g; s/.*/s#\\(^\\|[^0-9.]\\)&\\([^0-9]\\|$\\)#\\1ADDRESS\\2#g/'
  for i in "$(hostname -f 2>/dev/null)" "$(hostname 2>/dev/null)" "$(cat "$R/etc/hostname" 2>/dev/null)"; do
    case $i in (''|localhost*|*[!A-Za-z0-9.-]*) continue;; esac
    printf 's#\\(^\\|[^A-Za-z0-9-]\\)%s\\([^A-Za-z0-9-]\\|$\\)#\\1NAME\\2#g\n' "$(printf '%s' "$i" | sed 's/\./\\./g')"
  done
)
for f in "$R"/etc/nova/*.conf "$R"/etc/neutron/*.conf "$R"/etc/neutron/*.ini "$R"/etc/neutron/plugins/ml2/*.ini "$R"/etc/cinder/*.conf \
  "$R"/etc/glance/*.conf "$R"/etc/keystone/*.conf "$R"/etc/heat/*.conf "$R"/etc/ceilometer/*.conf "$R"/etc/aodh/*.conf "$R"/etc/sahara/*.conf \
  "$R"/etc/murano/*.conf "$R"/etc/ironic/*.conf "$R"/etc/swift/*.conf "$R"/etc/ceph/ceph.conf "$R"/etc/libvirt/*.conf "$R"/etc/mongod*.conf \
  "$R"/etc/mysql/my.cnf "$R"/etc/mysql/conf.d/*.cnf "$R"/etc/rabbitmq/rabbitmq.config "$R"/etc/haproxy/haproxy.cfg "$R"/etc/haproxy/conf.d/*.cfg \
  "$R"/etc/corosync/corosync.conf "$R"/etc/memcached.conf "$R"/etc/apache2/*.conf "$R"/etc/apache2/sites-enabled/* "$R"/etc/openstack-dashboard/*.py \
  "$R"/etc/ntp.conf "$R"/etc/resolv.conf "$R"/etc/sysctl.conf "$R"/etc/sysctl.d/*.conf "$R"/etc/security/limits.conf "$R"/etc/security/limits.d/* \
  "$R"/etc/ssh/sshd_config "$R"/etc/default/nova-compute "$R"/etc/default/libvirt* "$R"/etc/sudoers "$R"/etc/sudoers.d/*; do
  [ -f "$f" ] || continue
  if [ -r "$f" ]; then
    i=$(head -c 1048576 "$f" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^[#;]/d; /^$/d' | sed "$O" | md5sum)
  else i=unreadable; fi
  printf 'g %s %s\n' "${i%% *}" "${f#"$R"}"
done | head -n 400
echo 'configured ok'
